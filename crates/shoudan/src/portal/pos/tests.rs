//! The virtual POS keeps the rules of the house, and works without its script.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use domain::names::Lang;

use crate::portal::page::Theme;
use crate::portal::sample::pos_sample as sample;

#[test]
fn every_key_is_a_plain_submit_button() {
    for lang in Lang::ALL {
        for (name, html) in sample::pages(lang, Theme::System) {
            let html = html.0;
            assert_eq!(html.matches("<h1").count(), 1, "{name}");
            assert!(
                !html.contains(r#"type="button""#),
                "{name}: a button that needs a script"
            );
            assert!(!html.contains(" style=\"") && !html.contains("onclick="), "{name}");
        }
    }
}

#[test]
fn the_screen_says_what_the_host_sent_and_the_slip_leads_to_why() {
    let pages = sample::pages(Lang::Zh, Theme::System);
    let (_, html) = pages.first().unwrap();
    assert!(html.0.contains("97 终端未登记 执照已到期 原因码 7K3-M9Q"));
    assert!(html.0.contains(r#"href="/e/7K3-M9Q""#));
}

/// Writes the page to the preview folder, to be looked at in a browser.
#[test]
#[ignore = "writes files for people; run by hand"]
fn preview() {
    let dir =
        std::env::var("PREVIEW").unwrap_or_else(|_| format!("{}/../../target/preview", env!("CARGO_MANIFEST_DIR")));
    std::fs::create_dir_all(format!("{dir}/assets")).unwrap();
    for asset in crate::portal::assets::ALL {
        std::fs::write(format!("{dir}{}", asset.path()), asset.content).unwrap();
    }
    for lang in Lang::ALL {
        for theme in [Theme::Light, Theme::Dark] {
            for (name, html) in sample::pages(lang, theme) {
                let file = format!("{dir}/{name}-{}-{}.html", lang.tag(), theme.code());
                std::fs::write(file, html.0.replace("\"/assets/", "\"assets/")).unwrap();
            }
        }
    }
}
