"""Tasks: their sandboxes and disks, the containers in them, what they show and print, and exec sessions."""
