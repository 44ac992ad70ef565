//! The console's pages, filled with the sample, for previews and tests.

use domain::catalog::Catalog;
use domain::names::Lang;
use domain::time::Zone;
use maud::Markup;
use operations::views::ReviewView;

use super::console_rows::{hits, limits, members, merchant, merchants, requests, rows, terminal};
use super::console_work::{audit, barred, place, queue, request, review, second, stops};
use super::gallery::story;
use super::{DAY, NOW, say};
use crate::portal::console::{self, Count, Desk, Home, LimitsPage, MayLift, Of, Queue, Requests, Review, Stop, Stops};
use crate::portal::page::{Page, Theme, Who};
use crate::portal::sample;

/// A page for a reviewer.
pub fn staff_page<'a>(lang: Lang, theme: Theme, zone: &'a Zone, path: &'a str) -> Page<'a> {
    let who = match lang {
        Lang::Zh => Who {
            name: "林静",
            role: "审核",
            house: "收单",
        },
        Lang::En => Who {
            name: "Lin Jing",
            role: "Reviewer",
            house: "Shoudan",
        },
    };
    Page {
        who: Some(who),
        ..sample::page(lang, theme, zone, path)
    }
}

fn desk(asked: &str) -> Desk {
    let all = [
        "read_all",
        "search",
        "catalog_read",
        "place_stop",
        "lift_stop",
        "review",
        "audit_read",
        "manage_users",
        "review_risk",
    ];
    Desk {
        may: all.map(str::to_owned).to_vec(),
        role: "reviewer".into(),
        reviews: Some(7),
        asked: asked.into(),
    }
}

fn of(lang: Lang) -> Of {
    Of {
        id: "mch_1".into(),
        name: say(lang, "老周面馆", "Lao Zhou Noodles"),
    }
}

/// Every page of the console: a name and its HTML.
pub fn pages(lang: Lang, theme: Theme, catalog: &Catalog) -> Vec<(&'static str, Markup)> {
    let zone = Zone::default();
    let page = |path| staff_page(lang, theme, &zone, path);
    let count = |counted| Count { counted, more: false };
    let home = Home {
        reviews: count(7),
        overdue: count(1),
        due_today: count(2),
        our_turn: count(4),
        in_force: Count {
            more: true,
            ..count(200)
        },
        announced: count(5),
        queue: queue(lang),
        requests: requests(lang).into_iter().skip(1).collect(),
        stops: stops(lang).into_iter().take(3).collect(),
    };
    let open = |review: ReviewView| Review {
        review,
        errors: vec![],
        typed: vec![],
    };
    let lifting = Stop {
        merchant: String::new(),
        stop: stops(lang).swap_remove(1),
        script: say(
            lang,
            "请对方停止使用并留好机具，安排换机。",
            "Ask them to stop using it and keep it; arrange a replacement.",
        ),
        lift: MayLift::Yes,
        errors: vec![],
        why: String::new(),
    };
    let mut all = vec![
        ("c-home", console::home(&page("/console"), &desk(""), &home)),
        (
            "c-search",
            console::search(
                &page("/console/search?q=x"),
                &desk(&say(lang, "老周", "Lao Zhou")),
                &hits(lang),
            ),
        ),
        (
            "c-search-none",
            console::search(&page("/console/search?q=x"), &desk("zzz"), &[]),
        ),
        (
            "c-merchants",
            console::merchants(&page("/console/merchants"), &desk(""), "", &rows(merchants(lang))),
        ),
        (
            "c-merchant",
            console::merchant(&page("/console/merchants/mch_1?kind=stops"), &desk(""), &merchant(lang)),
        ),
        (
            "c-terminal",
            console::terminal(&page("/console/terminals/10000012"), &desk(""), &terminal(lang, "")),
        ),
        (
            "c-terminal-then",
            console::terminal(
                &page("/console/terminals/10000012?at=1"),
                &desk(""),
                &terminal(lang, "2026-11-12T10:00"),
            ),
        ),
        (
            "c-limits",
            console::limits(
                &page("/console/merchants/mch_1/limits"),
                &desk(""),
                &LimitsPage {
                    of: of(lang),
                    terminal: None,
                    limits: limits(lang),
                    typed: Default::default(),
                    errors: vec![],
                },
            ),
        ),
        (
            "c-reviews",
            console::reviews(
                &page("/console/reviews"),
                &desk(""),
                &Queue {
                    rows: rows(queue(lang)),
                    mine: false,
                },
            ),
        ),
        (
            "c-review",
            console::review(
                &page("/console/reviews/mch_1/rev_1"),
                &desk(""),
                &open(review(lang, "rev_1", NOW + DAY, 1)),
            ),
        ),
        (
            "c-review-second",
            console::review(&page("/console/reviews/mch_1/rev_2"), &desk(""), &open(second(lang))),
        ),
        (
            "c-review-barred",
            console::review(&page("/console/reviews/mch_1/rev_3"), &desk(""), &open(barred(lang))),
        ),
        (
            "c-stops",
            console::stops(
                &page("/console/stops"),
                &desk(""),
                &Stops {
                    rows: rows(stops(lang)),
                    kind: String::new(),
                    reason: String::new(),
                    all: true,
                },
            ),
        ),
        (
            "c-stop",
            console::stop(&page("/console/stops/mch_1/stp_8"), &desk(""), &lifting),
        ),
        (
            "c-place",
            console::place(&page("/console/stops/new"), &desk(""), &place(catalog, lang, false)),
        ),
        (
            "c-place-preview",
            console::place(&page("/console/stops/new"), &desk(""), &place(catalog, lang, true)),
        ),
        (
            "c-requests",
            console::requests(
                &page("/console/requests"),
                &desk(""),
                &Requests {
                    rows: rows(requests(lang)),
                    closed: false,
                    ours: false,
                },
            ),
        ),
        (
            "c-request",
            console::request(&page("/console/requests/mch_1/req_4f2k9"), &desk(""), &request(lang)),
        ),
        (
            "c-audit",
            console::audit(&page("/console/audit?check=yes"), &desk(""), &audit(lang)),
        ),
        (
            "c-catalog",
            console::catalog(&page("/console/catalog"), &desk(""), catalog, ""),
        ),
        (
            "c-people",
            console::people(&page("/console/people"), &desk(""), &members(lang), &[]),
        ),
    ];
    let declined = sample::transactions(lang)
        .into_iter()
        .find(|one| !one.explanation_code.is_empty());
    all.extend(declined.map(|one| {
        let here = page("/console/merchants/mch_1/transactions/txn_2");
        (
            "c-transaction",
            console::transaction(&here, &desk(""), &of(lang), &story(lang, &one), false),
        )
    }));
    all.extend(catalog.reasons.get("merchant.licence_expired").map(|it| {
        (
            "c-reason",
            console::reason(
                &page("/console/catalog/merchant.licence_expired"),
                &desk(""),
                catalog,
                it,
            ),
        )
    }));
    all
}
