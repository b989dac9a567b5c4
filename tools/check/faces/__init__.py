"""What the crops of faces are found to lack: rules, and the findings that cropping gives."""
