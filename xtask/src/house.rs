//! Rules of the house that no compiler knows: each returns its complaints, one per line, and an empty list is a pass.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{licences, run};

/// A rule: its name, and the check that returns its complaints.
type Rule = (&'static str, fn() -> Vec<String>);

/// Every rule.
pub const RULES: [Rule; 5] = [
    ("imports go down only", imports_go_down),
    ("faces read nothing themselves", faces_call_operations),
    ("no long files", no_long_files),
    ("every dependency is explained", dependencies_are_explained),
    ("licences and unwanted crates", licences::check),
];

/// Which crates of ours a crate may import; a crate that is not listed here is a complaint.
const FLOORS: [(&str, &[&str]); 7] = [
    ("iso8583", &[]),
    ("domain", &[]),
    ("store", &["domain"]),
    ("operations", &["domain", "iso8583", "store"]),
    ("simulators", &["iso8583"]),
    ("shoudan", &["domain", "iso8583", "operations", "simulators", "store"]),
    ("xtask", &[]),
];

/// A file past this length holds more than one thing.
const LONGEST_FILE: usize = 550;

fn imports_go_down() -> Vec<String> {
    manifests()
        .iter()
        .flat_map(|(name, manifest)| wrong_imports(name, manifest))
        .collect()
}

fn wrong_imports(name: &str, manifest: &str) -> Vec<String> {
    let Some((_, allowed)) = FLOORS.iter().find(|(known, _)| *known == name) else {
        return vec![format!(
            "crate `{name}` stands on no floor: add it to FLOORS in xtask/src/house.rs"
        )];
    };
    let ours = |import: &str| FLOORS.iter().any(|(known, _)| *known == import);
    // A crate names itself where its own tests use what it offers the tests of others.
    let wrong = |import: &&String| ours(import) && *import != name && !allowed.contains(&import.as_str());
    let imports = dependencies(manifest);
    imports
        .iter()
        .filter(wrong)
        .map(|import| format!("crate `{name}` may not import `{import}`"))
        .collect()
}

/// Where the top floor may name `store`: what opens the database, counts its queues, seeds it, turns its failures into
/// answers; and the gateway, whose hot path keeps state of its own. Everything else asks `operations`.
const MAY_NAME_STORE: [&str; 8] = ["app", "cli", "clock", "demo", "gateway", "jobs", "metrics", "problem"];

fn faces_call_operations() -> Vec<String> {
    let top = run::root().join("crates/shoudan/src");
    let mut files = Vec::new();
    collect(&top, &mut files);
    let complaint = |file: PathBuf| {
        let place = file.strip_prefix(&top).ok()?.to_string_lossy().into_owned();
        names_store(&place, &fs::read_to_string(&file).ok()?)
            .then(|| format!("crates/shoudan/src/{place} reads `store` itself: make it an operation and call that"))
    };
    files.into_iter().filter_map(complaint).collect()
}

/// Whether a file that may not names the crate `store`.
fn names_store(place: &str, text: &str) -> bool {
    let part = place.split(['/', '.']).next().unwrap_or_default();
    let named = |line: &str| {
        line.match_indices("store::")
            .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    !MAY_NAME_STORE.contains(&part) && text.lines().any(named)
}

fn no_long_files() -> Vec<String> {
    let mut files = Vec::new();
    for place in ["crates", "xtask", "tests"] {
        collect(&run::root().join(place), &mut files);
    }
    let complaint = |file: PathBuf| {
        let lines = fs::read_to_string(&file).ok()?.lines().count();
        (lines > LONGEST_FILE).then(|| {
            format!(
                "{} has {lines} lines; {LONGEST_FILE} are allowed: split it by what it is about",
                file.display()
            )
        })
    };
    files.into_iter().filter_map(complaint).collect()
}

fn collect(place: &Path, files: &mut Vec<PathBuf>) {
    for path in fs::read_dir(place)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
    {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|kind| kind == "rs" || kind == "py") {
            files.push(path);
        }
    }
}

fn dependencies_are_explained() -> Vec<String> {
    let ours: BTreeSet<&str> = FLOORS.iter().map(|(name, _)| *name).collect();
    let mut used: BTreeSet<String> = manifests()
        .iter()
        .flat_map(|(_, manifest)| dependencies(manifest))
        .collect();
    used.retain(|name| !ours.contains(name.as_str()));
    let requirements = fs::read_to_string(run::root().join("tests/requirements.txt")).unwrap_or_default();
    used.extend(chosen_packages(&requirements));
    let document = fs::read_to_string(run::root().join("docs/dependencies.md")).unwrap_or_default();
    let explained = explained(&document);
    let missing = used
        .difference(&explained)
        .map(|name| format!("`{name}` is used, and docs/dependencies.md does not say why it and not another"));
    let stale = explained
        .difference(&used)
        .map(|name| format!("`{name}` is explained in docs/dependencies.md, and nothing uses it"));
    missing.chain(stale).collect()
}

/// The name and manifest text of each package of the workspace.
fn manifests() -> Vec<(String, String)> {
    let crates = fs::read_dir(run::root().join("crates"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let places = crates.chain([run::root().join("xtask")]);
    let manifest = |place: PathBuf| {
        let name = place.file_name()?.to_string_lossy().into_owned();
        Some((name, fs::read_to_string(place.join("Cargo.toml")).ok()?))
    };
    places.filter_map(manifest).collect()
}

/// The names in the dependency tables of a manifest: enough TOML for manifests that cargo wrote.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut in_table = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(table) = line.strip_prefix('[') {
            let table = table.trim_end_matches(']');
            in_table = table.ends_with("dependencies");
            if let Some((_, name)) = table.split_once("dependencies.") {
                names.insert(name.to_owned());
            }
        } else if in_table && line.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            names.insert(name.to_owned());
        }
    }
    names
}

/// The packages of `requirements.txt` that were chosen, which stand before those that they bring along.
fn chosen_packages(requirements: &str) -> BTreeSet<String> {
    let chosen = requirements
        .lines()
        .take_while(|line| !line.starts_with("# Brought along"));
    chosen
        .filter_map(|line| Some(line.split_once("==")?.0.to_owned()))
        .collect()
}

/// The names that the document explains: lines of the form "- `name`: …".
fn explained(document: &str) -> BTreeSet<String> {
    let name = |line: &str| Some(line.strip_prefix("- `")?.split_once("`:")?.0.to_owned());
    document.lines().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
        names.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn names_of_dependencies() {
        let manifest = "[package]\nname = \"x\"\n[dependencies]\nstore.workspace = true\nserde = { version = \"1\" }\n# no\n[dev-dependencies]\nhex = \"0.4\"\n[dependencies.big]\nversion = \"1\"\n[features]\nnone = []\n";
        assert_eq!(dependencies(manifest), set(["store", "serde", "hex", "big"]));
    }

    #[test]
    fn an_import_that_goes_up_is_named() {
        let manifest =
            "[dependencies]\ndomain.workspace = true\nserde = \"1\"\n[dev-dependencies]\nstore = { path = \".\" }\n";
        assert_eq!(wrong_imports("store", manifest), [""; 0]);
        assert_eq!(
            wrong_imports("domain", manifest),
            ["crate `domain` may not import `store`"]
        );
        assert_eq!(
            wrong_imports("helpers", manifest).len(),
            1,
            "a crate that stands on no floor"
        );
    }

    #[test]
    fn a_page_that_reads_the_store_is_named() {
        assert!(names_store(
            "portal/home.rs",
            "fn a() {\n    store::users::get(tx, id)?;\n}\n"
        ));
        assert!(names_store("api/stops.rs", "use store::Tx;\n"));
        assert!(!names_store(
            "api/stops.rs",
            "use operations::Tx;\nlet a = app_store::b();\n"
        ));
        assert!(!names_store("demo/people.rs", "use store::Tx;\n"));
    }

    #[test]
    fn packages_brought_along_need_no_reason() {
        assert_eq!(
            chosen_packages("# Chosen\npytest==9.2.0\n\n# Brought along\npluggy==1.7.0\n"),
            set(["pytest"])
        );
    }

    #[test]
    fn explanations_are_list_items() {
        assert_eq!(
            explained("# Title\n- `axum`: the largest pool of middleware; not actix.\n- nothing\n"),
            set(["axum"])
        );
    }
}
