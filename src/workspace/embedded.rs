//! The rule packs inside the program, so that every command works in an empty folder.

use include_dir::{Dir, DirEntry, include_dir};

use crate::rules::folder::RuleFile;

static RULES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules");

/// Every file of the packs, by path.
pub fn packs() -> Vec<RuleFile> {
    let mut files = Vec::new();
    collect(&RULES, &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn collect(folder: &Dir<'_>, files: &mut Vec<RuleFile>) {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(folder) => collect(folder, files),
            DirEntry::File(file)
                if file
                    .path()
                    .extension()
                    .is_some_and(|extension| extension == "toml" || extension == "lock") =>
            {
                let path = file.path().to_string_lossy().replace('\\', "/");
                files.push(RuleFile { path, text: Ok(file.contents().to_vec()) });
            }
            DirEntry::File(_) => {}
        }
    }
}
