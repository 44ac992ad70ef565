//! Drawn examples: where the code stands on a slip, and what a good picture of each kind of document looks like. Colours
//! come from the style sheet, so that they follow the theme.

use maud::{Markup, PreEscaped, html};

use super::page::Page;
use super::words::public as w;

/// A slip with its explanation code, as the terminal prints it.
pub fn slip(page: &Page<'_>) -> Markup {
    html! {
        svg.slip viewBox="0 0 220 260" role="img" aria-label=(page.say(w::SLIP_PICTURE)) {
            path.slip-machine d="M14 0h192v34a14 14 0 0 1-14 14H28a14 14 0 0 1-14-14z" {}
            rect.slip-slot x="36" y="40" width="148" height="8" rx="4" {}
            path.slip-paper d="M46 44h128v196l-10.67-8-10.67 8-10.66-8-10.67 8-10.66-8-10.67 8-10.67-8-10.66 8-10.67-8-10.66 8-10.67-8-10.67 8z" {}
            (PreEscaped(SLIP_LINES))
            text.slip-text x="110" y="84" text-anchor="middle" { (page.say(w::SLIP_DECLINED)) }
            rect.slip-ring x="56" y="166" width="108" height="48" rx="8" {}
            text.slip-small x="110" y="183" text-anchor="middle" { (page.say(w::SLIP_CODE)) }
            text.slip-code x="110" y="205" text-anchor="middle" { "7K3-M9Q" }
        }
    }
}

const SLIP_LINES: &str =
    r#"<path class="slip-line" d="M62 102h56M132 102h26M62 116h42M132 116h26M62 130h64M62 144h36"/>"#;

/// What a document of this code looks like when it is photographed well.
pub fn example(document: &str) -> Markup {
    let shape = EXAMPLES
        .iter()
        .find(|(_, codes)| codes.contains(&document))
        .map_or(PAPER, |(shape, _)| *shape);
    html! {
        svg.picture viewBox="0 0 160 100" aria-hidden="true" focusable="false" {
            rect.picture-table width="160" height="100" rx="8" {}
            (PreEscaped(shape))
            path.picture-corners d="M12 26V16a4 4 0 0 1 4-4h10M134 12h10a4 4 0 0 1 4 4v10M148 74v10a4 4 0 0 1-4 4h-10M26 88H16a4 4 0 0 1-4-4V74" {}
        }
    }
}

/// Which drawing shows which documents; every other one is a sheet of paper.
const EXAMPLES: [(&str, &[&str]); 8] = [
    (LICENCE, &["business_licence", "industry_permit", "nonprofit_proof"]),
    (CARD_FRONT, &["id_card_front", "account_holder_id"]),
    (CARD_BACK, &["id_card_back"]),
    (BANK_CARD, &["bank_card_photo"]),
    (FACE, &["id_in_hand_photo"]),
    (SHOP_FRONT, &["shop_front_photo"]),
    (COUNTER, &["shop_inside_photo", "counter_photo"]),
    (MACHINE, &["device_photo"]),
];

const PAPER: &str = r#"<rect class="picture-sheet" x="52" y="18" width="56" height="66" rx="2"/><path class="picture-ink" d="M60 30h26M60 40h40M60 48h40M60 56h40M60 64h24"/><circle class="picture-seal" cx="94" cy="70" r="8"/>"#;
const LICENCE: &str = r#"<rect class="picture-sheet" x="32" y="20" width="96" height="62" rx="2"/><rect class="picture-frame" x="37" y="25" width="86" height="52"/><path class="picture-title" d="M62 35h36"/><path class="picture-ink" d="M46 47h34M46 54h46M46 61h40M46 68h28"/><circle class="picture-seal" cx="108" cy="65" r="8"/>"#;
const CARD_FRONT: &str = r#"<rect class="picture-sheet" x="32" y="22" width="96" height="58" rx="6"/><path class="picture-ink" d="M42 36h24M42 46h34M42 56h30"/><path class="picture-title" d="M42 70h62"/><rect class="picture-face" x="94" y="32" width="24" height="28" rx="2"/><circle class="picture-sheet" cx="106" cy="42" r="5"/><path class="picture-sheet" d="M97 60c1-9 17-9 18 0z"/>"#;
const CARD_BACK: &str = r#"<rect class="picture-sheet" x="32" y="22" width="96" height="58" rx="6"/><circle class="picture-seal" cx="52" cy="40" r="9"/><path class="picture-title" d="M70 38h44"/><path class="picture-ink" d="M42 62h30M42 70h56"/>"#;
const BANK_CARD: &str = r#"<rect class="picture-face" x="32" y="22" width="96" height="58" rx="6"/><rect class="picture-seal" x="42" y="40" width="14" height="11" rx="2"/><path class="picture-paper-ink" d="M42 64h14M62 64h14M82 64h14M102 64h14M96 32h20"/>"#;
const FACE: &str = r#"<rect class="picture-sheet" x="58" y="12" width="44" height="76" rx="7"/><circle class="picture-face" cx="80" cy="42" r="10"/><path class="picture-face" d="M64 72c2-22 30-22 32 0z"/><path class="picture-ink" d="M72 81h16"/>"#;
const SHOP_FRONT: &str = r#"<path class="picture-sheet" d="M34 34h92v48H34z"/><path class="picture-face" d="M30 20h100v16H30z"/><path class="picture-paper-ink" d="M56 28h48"/><path class="picture-ink" d="M46 46h28v36H46zM86 46h30v22H86z"/><rect class="picture-seal" x="118" y="40" width="7" height="7"/>"#;
const COUNTER: &str = r#"<path class="picture-ink" d="M34 24h56M34 38h56M40 24v-8M54 24v-8M68 24v-8M82 24v-8M44 38v-9M62 38v-9M78 38v-9"/><path class="picture-sheet" d="M28 56h104v28H28z"/><rect class="picture-face" x="98" y="38" width="18" height="24" rx="3"/><path class="picture-paper-ink" d="M102 43h10"/><path class="picture-ink" d="M28 56h104"/>"#;
const MACHINE: &str = r#"<rect class="picture-face" x="56" y="14" width="48" height="74" rx="7"/><rect class="picture-sheet" x="62" y="44" width="36" height="30" rx="2"/><path class="picture-ink" d="M67 51h12M67 68h26"/><path class="picture-bars" d="M68 56v8M71 56v8M75 56v8M77 56v8M81 56v8M84 56v8M88 56v8M91 56v8"/>"#;
