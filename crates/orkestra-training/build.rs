//! Lists the families of prompts, so that a new file in `prompts/` needs no other change.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files: Vec<_> = fs::read_dir(&folder)?.collect::<Result<_, _>>()?;
    files.sort_by_key(fs::DirEntry::file_name);
    let mut table =
        "/// Each family's name and file.\nconst FAMILIES: &[(&str, &str)] = &[\n".to_owned();
    for path in files.into_iter().map(|file| file.path()) {
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            let family = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            println!("cargo::rerun-if-changed={}", path.display());
            writeln!(table, "    ({family:?}, include_str!({:?})),", path.display().to_string())?;
        }
    }
    table += "];\n";
    fs::write(
        Path::new(&env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?).join("families.rs"),
        table,
    )?;
    Ok(())
}
