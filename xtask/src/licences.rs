//! Which licences and which crates may be in the product.

use crate::run;

/// Licences whose terms the product can keep by listing them.
const ALLOWED: [&str; 15] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that must not come in, not even through another one.
const UNWANTED: [(&str, &str); 4] = [
    (
        "openssl-sys",
        "the binary must not need the system's OpenSSL: choose rustls features",
    ),
    (
        "native-tls",
        "the binary must not need the system's OpenSSL: choose rustls features",
    ),
    ("sqlx-core", "one database layer, and it is ours"),
    ("chrono", "one library for time, and it is jiff"),
];

/// Complaints about the licences and names of everything that is linked into the product.
pub fn check() -> Vec<String> {
    let mut tree = run::cargo([
        "tree",
        "--workspace",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--format",
        "{p}|{l}|",
        "--color",
        "never",
    ]);
    match run::quiet(&mut tree) {
        Ok(listing) => {
            let mut lines: Vec<&str> = listing.lines().collect();
            lines.sort_unstable();
            lines.dedup();
            lines.into_iter().filter_map(complaint).collect()
        }
        Err(message) => vec![message],
    }
}

/// What is wrong with one line `name vVERSION …|LICENCE|`.
fn complaint(line: &str) -> Option<String> {
    let mut parts = line.split('|');
    let (package, licence) = (parts.next()?, parts.next()?);
    let name = package.split(' ').next().unwrap_or_default();
    if let Some((_, why)) = UNWANTED.iter().find(|(unwanted, _)| *unwanted == name) {
        return Some(format!("`{name}` is in the dependency tree: {why}"));
    }
    (!is_allowed(licence))
        .then(|| format!("`{package}` has the licence `{licence}`, which is not on the list in xtask/src/licences.rs"))
}

/// Whether an SPDX expression leaves a choice made of allowed licences only. `OR` binds less than `AND`; parentheses occur around either.
fn is_allowed(expression: &str) -> bool {
    // The old way to write a choice.
    let expression = expression.replace('/', " OR ");
    let mut words = Vec::new();
    for word in expression.replace('(', " ( ").replace(')', " ) ").split_whitespace() {
        words.push(word.to_owned());
    }
    let mut at = 0;
    let allowed = any_of(&words, &mut at);
    allowed && at == words.len()
}

fn any_of(words: &[String], at: &mut usize) -> bool {
    let mut allowed = all_of(words, at);
    while take(words, at, "OR") {
        allowed |= all_of(words, at);
    }
    allowed
}

fn all_of(words: &[String], at: &mut usize) -> bool {
    let mut allowed = one(words, at);
    while take(words, at, "AND") {
        allowed &= one(words, at);
    }
    allowed
}

fn one(words: &[String], at: &mut usize) -> bool {
    if take(words, at, "(") {
        let allowed = any_of(words, at);
        return take(words, at, ")") && allowed;
    }
    let Some(name) = words.get(*at) else {
        return false;
    };
    *at += 1;
    let mut name = name.clone();
    if take(words, at, "WITH") {
        let exception = words.get(*at).map_or("", String::as_str);
        name = format!("{name} WITH {exception}");
        *at += 1;
    }
    ALLOWED.contains(&name.as_str())
}

fn take(words: &[String], at: &mut usize, word: &str) -> bool {
    let here = words.get(*at).is_some_and(|next| next == word);
    *at += usize::from(here);
    here
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_needs_one_allowed_licence_and_a_sum_all() {
        for allowed in [
            "MIT",
            "MIT OR GPL-3.0",
            "MIT/Apache-2.0",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR MIT",
        ] {
            assert!(is_allowed(allowed), "{allowed}");
        }
        for refused in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "(MIT OR Apache-2.0) AND AGPL-3.0",
            "(MIT",
        ] {
            assert!(!is_allowed(refused), "{refused}");
        }
    }

    #[test]
    fn unwanted_and_unlicensed_crates_are_named() {
        assert_eq!(complaint("serde v1.0.0|MIT OR Apache-2.0| (*)"), None);
        assert!(complaint("openssl-sys v0.9.1|MIT|").is_some_and(|text| text.contains("rustls")));
        assert!(complaint("mystery v1.0.0||").is_some_and(|text| text.contains("mystery v1.0.0")));
    }
}
