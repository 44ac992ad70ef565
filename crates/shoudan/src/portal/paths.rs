//! The addresses of the pages, in one place, so that a link and its door cannot differ.

use std::fmt::Write as _;

/// The public front page.
pub const FRONT: &str = "/";
/// Where the one box of the front page asks: `?q=`.
pub const FIND: &str = "/find";
/// Service status.
pub const STATUS: &str = "/status";
/// Login; `?next=` is where to go afterwards.
pub const LOGIN: &str = "/login";
/// The second factor of a login.
pub const LOGIN_CODE: &str = "/login/code";
/// Ends the session (POST).
pub const LOGOUT: &str = "/logout";
/// Where the reader is signed in.
pub const SESSIONS: &str = "/sessions";
/// Ends all of the reader's sessions but this one (POST).
pub const OTHER_SESSIONS: &str = "/sessions/others";
/// Sets language and theme by cookie (POST: `lang`, `theme`, `back`).
pub const PREFERENCES: &str = "/preferences";
/// All components (demonstration only).
pub const STYLEGUIDE: &str = "/styleguide";
/// Merchant home.
pub const HOME: &str = "/m";
/// The merchant's terminals.
pub const TERMINALS: &str = "/m/terminals";
/// Settlement account and statements.
pub const MONEY: &str = "/m/money";
/// Transactions.
pub const TRANSACTIONS: &str = "/m/transactions";
/// Requests.
pub const REQUESTS: &str = "/m/requests";
/// Opening a request: `?kind=&subject=` shows what it does; POST opens it.
pub const NEW_REQUEST: &str = "/m/requests/new";
/// The certificate of a closure that is complete.
pub const CLOSING_CERTIFICATE: &str = "/m/closing-certificate";
/// The person and the merchant.
pub const ME: &str = "/m/me";

/// Adds a person who can sign in for the merchant.
pub const NEW_PERSON: &str = "/m/me/people/new";
/// Keys of the merchant's own programs; POST makes one.
pub const PROGRAMS: &str = "/m/me/keys";
/// Changes one's own password.
pub const PASSWORD: &str = "/m/me/password";
/// The terminals an agent looks after.
pub const AGENT: &str = "/agent";

/// Ends one of the reader's sessions (POST).
pub fn end_session(id: &str) -> String {
    format!("{SESSIONS}/{}/end", part(id))
}

/// One of the merchant's people.
pub fn person(id: &str) -> String {
    format!("/m/me/people/{}", part(id))
}

/// Switches a program's key off (POST).
pub fn program_off(id: &str) -> String {
    format!("{PROGRAMS}/{}/off", part(id))
}

/// A terminal as its agent sees it.
pub fn agent_terminal(merchant: &str, id: &str) -> String {
    format!("{AGENT}/{}/{}", part(merchant), part(id))
}

/// The public explanation of a code, as printed on the slip.
pub fn explanation(code: &str) -> String {
    format!("/e/{}", part(code))
}

/// The public status of a serial number.
pub fn serial(serial: &str) -> String {
    format!("/s/{}", part(serial))
}

/// Login, then back to `path`.
pub fn login_then(path: &str) -> String {
    format!("{LOGIN}?next={}", part(path))
}

/// One terminal.
pub fn terminal(id: &str) -> String {
    format!("{TERMINALS}/{}", part(id))
}

/// One transaction.
pub fn transaction(id: &str) -> String {
    format!("{TRANSACTIONS}/{}", part(id))
}

/// A transaction's slip; `ending` is `png` or `pdf`.
pub fn slip(id: &str, ending: &str) -> String {
    format!("{TRANSACTIONS}/{}/slip.{ending}", part(id))
}

/// The signature under a transaction, as it was received.
pub fn signature(id: &str) -> String {
    format!("{TRANSACTIONS}/{}/signature", part(id))
}

/// The same as a picture.
pub fn signature_picture(id: &str) -> String {
    format!("{TRANSACTIONS}/{}/signature.png", part(id))
}

/// One request.
pub fn request(id: &str) -> String {
    format!("{REQUESTS}/{}", part(id))
}

/// One step of a request.
pub fn step(request_id: &str, step: &str) -> String {
    format!("{REQUESTS}/{}/{}", part(request_id), part(step))
}

/// Where a document of a step is uploaded (POST, multipart).
pub fn upload(request_id: &str, step_code: &str) -> String {
    format!("{}/documents", step(request_id, step_code))
}

/// Where one field of a step is checked while it is typed (POST; answers JSON `{ok, text}`).
pub fn check(request_id: &str, step_code: &str) -> String {
    format!("{}/check", step(request_id, step_code))
}

/// Withdraws a request (POST).
pub fn withdraw(request_id: &str) -> String {
    format!("{}/withdraw", request(request_id))
}

/// A supplied document's content.
pub fn document(id: &str) -> String {
    format!("/m/documents/{}", part(id))
}

/// The statement of a day, `2026-11-25`.
pub fn statement(date: impl std::fmt::Display) -> String {
    format!("{MONEY}/{date}")
}

/// What opening a request of `kind` about `subject` would do.
pub fn new_request(kind: &str, subject: &str) -> String {
    format!("{NEW_REQUEST}?kind={}&subject={}", part(kind), part(subject))
}

/// `path` with one query parameter set to `value`, replacing what it was.
pub fn with_query(path: &str, name: &str, value: &str) -> String {
    let (base, query) = path.split_once('?').unwrap_or((path, ""));
    let mut kept: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(name))
        .map(str::to_owned)
        .collect();
    kept.push(format!("{name}={}", part(value)));
    format!("{base}?{}", kept.join("&"))
}

/// Percent-encodes everything that could end a path segment or a query value.
pub fn part(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_code_cannot_leave_its_segment() {
        assert_eq!(explanation("7K3-M9Q"), "/e/7K3-M9Q");
        assert_eq!(explanation("../m?x=1"), "/e/..%2Fm%3Fx%3D1");
        assert_eq!(login_then("/e/7K3-M9Q"), "/login?next=%2Fe%2F7K3-M9Q");
    }

    #[test]
    fn the_next_page_keeps_the_filter_and_replaces_the_cursor() {
        let first = "/m/transactions?state=declined&cursor=a";
        assert_eq!(
            with_query(first, "cursor", "b&c"),
            "/m/transactions?state=declined&cursor=b%26c"
        );
        assert_eq!(with_query("/m/requests", "cursor", "x"), "/m/requests?cursor=x");
    }
}
