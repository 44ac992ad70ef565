//! Pages as people get them: the golden ones, and what must hold on every one of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use domain::names::Lang;
use domain::time::Zone;
use maud::Markup;

use super::page::Theme;
use super::sample::gallery;
use super::{merchant, public, sample};

/// One tag a line, so that a difference shows where it is; without drawings and asset digests, which change with looks.
fn lines(page: &Markup) -> String {
    let mut html = String::new();
    for (i, piece) in page.0.split("<svg").enumerate() {
        let after = if i == 0 {
            piece
        } else {
            piece.split_once("</svg>").unwrap().1
        };
        html.push_str(after);
    }
    html.replace("><", ">\n<")
        .lines()
        .filter(|line| !line.contains("/assets/"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_explanation_reads_as_agreed_in_both_languages() {
    let zone = Zone::default();
    for lang in Lang::ALL {
        let page = sample::page(lang, Theme::System, &zone, "/e/7K3-M9Q");
        let html = public::explanation(&page, public::Asked::Code("7K3-M9Q"), &sample::stopped_public(lang));
        insta::assert_snapshot!(format!("explanation_{}", lang.tag()), lines(&html));
    }
}

#[test]
fn home_reads_as_agreed_in_both_languages() {
    let zone = Zone::default();
    for lang in Lang::ALL {
        let page = sample::own_page(lang, Theme::System, &zone, "/m");
        let html = merchant::home(&page, &gallery::home(lang));
        insta::assert_snapshot!(format!("home_{}", lang.tag()), lines(&html));
    }
}

#[test]
fn every_page_keeps_the_rules_of_the_house() {
    for lang in Lang::ALL {
        for (name, html) in gallery::pages(lang, Theme::System) {
            let html = html.0;
            assert_eq!(html.matches("<h1").count(), 1, "{name}: one main heading");
            assert!(html.contains(r##"href="#main""##), "{name}: a way past the header");
            assert!(!html.contains(" style=\""), "{name}: styles live in the style sheet");
            assert!(
                !html.contains(" on") || !html.contains("onclick="),
                "{name}: no inline script"
            );
            assert!(html.len() < 120_000, "{name}: {} bytes", html.len());
            let ids: Vec<&str> = html
                .split(" id=\"")
                .skip(1)
                .filter_map(|rest| rest.split('"').next())
                .collect();
            let mut unique = ids.clone();
            unique.sort_unstable();
            unique.dedup();
            assert_eq!(ids.len(), unique.len(), "{name}: ids repeat among {ids:?}");
        }
    }
}

#[test]
fn the_public_explanation_names_nobody() {
    let zone = Zone::default();
    for lang in Lang::ALL {
        let page = sample::page(lang, Theme::System, &zone, "/e/7K3-M9Q");
        let html = public::explanation(&page, public::Asked::Code("7K3-M9Q"), &sample::stopped_public(lang)).0;
        for private in ["老周", "Lao Zhou", "10000012", "mch_1", "req_4f2k9"] {
            assert!(!html.contains(private), "{private} stands on a public page");
        }
    }
}

#[test]
fn a_state_never_shows_by_colour_alone() {
    let zone = Zone::default();
    let page = sample::page(Lang::En, Theme::System, &zone, "/");
    for standing in super::Standing::ALL {
        let html = super::components::badge(&page, standing).0;
        assert!(
            html.contains("<svg") && html.contains(page.say(standing.word())),
            "{html}"
        );
    }
}

#[test]
fn what_people_typed_is_shown_as_text() {
    let zone = Zone::default();
    let page = sample::page(Lang::Zh, Theme::System, &zone, "/");
    let html = public::code_gone(&page, "<script>alert(1)</script>").0;
    assert!(!html.contains("<script>alert"));
    assert!(html.contains("&lt;script&gt;"));
}

#[test]
fn a_sensitive_field_is_not_sent_back_masked() {
    let zone = Zone::default();
    let page = sample::own_page(Lang::Zh, Theme::System, &zone, "/m");
    let mut step = sample::field_step(Lang::Zh, "form");
    for asked in &mut step.fields {
        asked.check = "bank_account".into();
        asked.value = "6222****0163".into();
    }
    let request = sample::request(Lang::Zh);
    let data = merchant::Step {
        request: &request,
        step: &step,
        errors: vec![],
        typed: vec![],
        agreement: None,
    };
    let html = merchant::step(&page, &data).0;
    assert!(
        !html.contains(r#"value="6222****0163""#),
        "it would be sent back as if it had been typed"
    );
    assert!(html.contains("6222****0163"), "but one sees what is on file");
}

/// Writes every page to `target/preview`, to be looked at in a browser.
#[test]
#[ignore = "writes files for people; run by hand"]
fn preview() {
    let dir =
        std::env::var("PREVIEW").unwrap_or_else(|_| format!("{}/../../target/preview", env!("CARGO_MANIFEST_DIR")));
    std::fs::create_dir_all(format!("{dir}/assets")).unwrap();
    for asset in super::assets::ALL {
        std::fs::write(format!("{dir}{}", asset.path()), asset.content).unwrap();
    }
    for lang in Lang::ALL {
        for theme in [Theme::Light, Theme::Dark] {
            for (name, html) in gallery::pages(lang, theme) {
                let file = format!("{dir}/{name}-{}-{}.html", lang.tag(), theme.code());
                std::fs::write(file, html.0.replace("\"/assets/", "\"assets/")).unwrap();
            }
        }
    }
}

#[test]
fn the_closing_certificate_says_its_days_in_full() {
    let zone = Zone::default();
    let page = sample::own_page(Lang::En, Theme::System, &zone, "/m/closing-certificate");
    let day = |text: &str| domain::time::Time::parse_rfc3339(text).unwrap().millis();
    let stated = operations::requests::ClosingCertificate {
        merchant_number: "826584058120001".into(),
        merchant_name: "Aming Noodles".into(),
        contract_number: "SD-826584058120001-01".into(),
        activated_at: None,
        asked_at: day("2026-11-01T10:00:00+08:00"),
        closed_at: day("2026-11-20T23:30:00+08:00"),
        agreed_by: 2,
        terminals: vec![operations::requests::ClosedTerminal {
            number: "10000001".into(),
            serial: String::new(),
            keys_destroyed_at: Some(day("2026-11-19T10:00:00+08:00")),
        }],
        digest: "ab12".into(),
    };
    let html = merchant::certificate(&page, &stated).0;
    for said in [
        "2026-11-01",
        "2026-11-20",
        "2026-11-19",
        "10000001",
        "2 people",
        "ab12",
        "data-print",
    ] {
        assert!(html.contains(said), "{said} is missing");
    }
}
