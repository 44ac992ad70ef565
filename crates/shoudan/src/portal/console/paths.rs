//! The addresses of the console's pages.

use operations::views::SubjectRef;

use crate::portal::paths::part;

/// Home: what waits today.
pub const HOME: &str = "/console";
/// Search: `?q=`.
pub const SEARCH: &str = "/console/search";
/// Merchants: `?q=`.
pub const MERCHANTS: &str = "/console/merchants";
/// The review queue: `?role=`, `?mine=yes`.
pub const REVIEWS: &str = "/console/reviews";
/// Stops: `?kind=`, `?reason=`, `?all=yes`.
pub const STOPS: &str = "/console/stops";
/// Placing one: `?kind=`, `?id=`; POST places it.
pub const NEW_STOP: &str = "/console/stops/new";
/// What it would do (POST with the same fields).
pub const PREVIEW_STOP: &str = "/console/stops/preview";
/// Requests: `?state=`, `?turn=`.
pub const REQUESTS: &str = "/console/requests";
/// The audit log: `?actor=`, `?command=`, `?subject=`, `?check=yes`.
pub const AUDIT: &str = "/console/audit";
/// The catalogue: `?q=`.
pub const CATALOG: &str = "/console/catalog";
/// Staff and their roles.
pub const PEOPLE: &str = "/console/people";

/// Switches off a program's key (POST).
pub fn key_off(id: &str) -> String {
    format!("/console/keys/{}/off", part(id))
}

/// What a search for `text` finds.
pub fn search(text: &str) -> String {
    format!("{SEARCH}?q={}", part(text))
}

/// One merchant.
pub fn merchant(id: &str) -> String {
    format!("{MERCHANTS}/{}", part(id))
}

/// A merchant's transactions: `?terminal=`, `?state=`, `?day=`.
pub fn transactions(merchant_id: &str) -> String {
    format!("{}/transactions", merchant(merchant_id))
}

/// Those of one of its terminals, by its number.
pub fn transactions_at(merchant_id: &str, number: &str) -> String {
    format!("{}?terminal={}", transactions(merchant_id), part(number))
}

/// One transaction.
pub fn transaction(merchant_id: &str, id: &str) -> String {
    format!("{}/{}", transactions(merchant_id), part(id))
}

/// A transaction's slip; `ending` is `png` or `pdf`.
pub fn slip(merchant_id: &str, id: &str, ending: &str) -> String {
    format!("{}/slip.{ending}", transaction(merchant_id, id))
}

/// The signature under a transaction, as it was received.
pub fn signature(merchant_id: &str, id: &str) -> String {
    format!("{}/signature", transaction(merchant_id, id))
}

/// The same as a picture.
pub fn signature_picture(merchant_id: &str, id: &str) -> String {
    format!("{}/signature.png", transaction(merchant_id, id))
}

/// The certificate of a merchant's closure.
pub fn closing_certificate(id: &str) -> String {
    format!("{}/closing-certificate", merchant(id))
}

/// One terminal, by its number.
pub fn terminal(number: &str) -> String {
    format!("/console/terminals/{}", part(number))
}

/// Entering the components of a terminal's master key (GET, POST).
pub fn terminal_keys(number: &str) -> String {
    format!("{}/keys", terminal(number))
}

/// The limits of a terminal; POST sets one.
pub fn terminal_limits(number: &str) -> String {
    format!("{}/limits", terminal(number))
}

/// The limits of a merchant; POST sets one.
pub fn merchant_limits(id: &str) -> String {
    format!("{}/limits", merchant(id))
}

/// One review; POST decides.
pub fn review(merchant: &str, id: &str) -> String {
    format!("{REVIEWS}/{}/{}", part(merchant), part(id))
}

/// One stop; POST to [`lift`] lifts it.
pub fn stop(merchant: &str, id: &str) -> String {
    format!("{STOPS}/{}/{}", part(merchant), part(id))
}

/// Lifts a stop (POST).
pub fn lift(merchant: &str, id: &str) -> String {
    format!("{}/lift", stop(merchant, id))
}

/// Placing a stop on a subject.
pub fn stop_subject(kind: &str, id: &str) -> String {
    format!("{NEW_STOP}?kind={}&id={}", part(kind), part(id))
}

/// One request.
pub fn request(merchant: &str, id: &str) -> String {
    format!("{REQUESTS}/{}/{}", part(merchant), part(id))
}

/// Carries out an operator's step (POST).
pub fn step(merchant: &str, id: &str, step: &str) -> String {
    format!("{}/{}", request(merchant, id), part(step))
}

/// Where a document of a step is uploaded (POST, multipart).
pub fn upload(merchant: &str, id: &str, step_code: &str) -> String {
    format!("{}/documents", step(merchant, id, step_code))
}

/// A supplied document's content.
pub fn document(merchant: &str, id: &str) -> String {
    format!("/console/documents/{}/{}", part(merchant), part(id))
}

/// One reason of the catalogue.
pub fn reason(code: &str) -> String {
    format!("{CATALOG}/{}", part(code))
}

/// Where the console shows a subject, if it has a page of its own. A terminal is found by its number, which is its label.
pub fn subject(subject: &SubjectRef) -> Option<String> {
    match subject.kind.as_str() {
        "merchant" => Some(merchant(&subject.id)),
        "terminal" if !subject.label.is_empty() => Some(terminal(&subject.label)),
        _ => None,
    }
}
