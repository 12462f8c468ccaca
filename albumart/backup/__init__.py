"""Both stores in a folder, and back: every document and every object, checked by digest."""

from albumart.backup.check import check_backup
from albumart.backup.layout import Backup, BackupFolder
from albumart.backup.restore import restore_backup
from albumart.backup.series import add_backup
from albumart.backup.write import write_backup

__all__ = [
    "Backup", "BackupFolder", "add_backup", "check_backup", "restore_backup", "write_backup",
]  # fmt: skip
