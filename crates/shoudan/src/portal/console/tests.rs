//! The console's pages keep the rules of the house.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use domain::catalog::Catalog;
use domain::names::Lang;

use crate::portal::assets;
use crate::portal::page::Theme;
use crate::portal::sample::console_sample as sample;

#[test]
fn every_page_keeps_the_rules_of_the_house() {
    let catalog = Catalog::embedded().unwrap();
    for lang in Lang::ALL {
        for (name, html) in sample::pages(lang, Theme::System, &catalog) {
            let html = html.0;
            assert_eq!(html.matches("<h1").count(), 1, "{name}: one main heading");
            assert!(html.contains(r##"href="#main""##), "{name}: a way past the header");
            assert!(html.contains(r#"data-hotkey="/""#), "{name}: / goes to the search");
            assert!(!html.contains(" style=\""), "{name}: styles live in the style sheet");
            assert!(!html.contains("onclick="), "{name}: no inline script");
            assert!(html.len() < 160_000, "{name}: {} bytes", html.len());
            let mut ids: Vec<&str> = html
                .split(" id=\"")
                .skip(1)
                .filter_map(|rest| rest.split('"').next())
                .collect();
            let all = ids.len();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), all, "{name}: ids repeat");
        }
    }
}

/// Writes every page to the preview folder, to be looked at in a browser.
#[test]
#[ignore = "writes files for people; run by hand"]
fn preview() {
    let catalog = Catalog::embedded().unwrap();
    let dir =
        std::env::var("PREVIEW").unwrap_or_else(|_| format!("{}/../../target/preview", env!("CARGO_MANIFEST_DIR")));
    std::fs::create_dir_all(format!("{dir}/assets")).unwrap();
    for asset in assets::ALL {
        std::fs::write(format!("{dir}{}", asset.path()), asset.content).unwrap();
    }
    for lang in Lang::ALL {
        for theme in [Theme::Light, Theme::Dark] {
            for (name, html) in sample::pages(lang, theme, &catalog) {
                let file = format!("{dir}/{name}-{}-{}.html", lang.tag(), theme.code());
                std::fs::write(
                    file,
                    html.0
                        .replace("\"/assets/", "\"assets/")
                        .replace("/console/documents/mch_1/", "assets/doc-"),
                )
                .unwrap();
            }
        }
    }
}
