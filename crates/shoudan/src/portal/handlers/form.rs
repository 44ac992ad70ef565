//! What was typed into a form.

use axum::extract::{Form, FromRequest, Request};

use crate::api::asked::wrong;
use crate::app::App;
use crate::problem::Problem;

/// The fields of a form in the order they were sent.
pub struct Typed(pub Vec<(String, String)>);

impl FromRequest<App> for Typed {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let form = Form::<Vec<(String, String)>>::from_request(request, app).await;
        let Form(fields) = form.map_err(|rejection| Problem::of_status(rejection.status()))?;
        match fields
            .iter()
            .find(|(name, value)| name.contains('\0') || value.contains('\0'))
        {
            None => Ok(Self(fields)),
            Some((name, _)) => Err(wrong(
                name,
                "character",
                "文字中不能有空字符（U+0000）。",
                "a text cannot hold the character U+0000",
            )
            .into()),
        }
    }
}

impl Typed {
    /// A field; empty where it was not sent.
    pub fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .rev()
            .find(|(n, _)| n == name)
            .map_or("", |(_, value)| value.as_str())
    }

    /// The fields but those named.
    pub fn without(&self, names: &[&str]) -> Vec<(String, String)> {
        self.0
            .iter()
            .filter(|(n, _)| !names.contains(&n.as_str()))
            .cloned()
            .collect()
    }
}

/// An address within this site; anything else, also what a browser would read as another host, is `other`.
pub fn local<'a>(path: &'a str, other: &'a str) -> &'a str {
    let plain = path.bytes().all(|b| b.is_ascii_graphic()) && !path.contains('\\');
    if plain && path.starts_with('/') && !path.starts_with("//") {
        path
    } else {
        other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_never_leaves_the_site() {
        assert_eq!(local("/m/terminals?cursor=a", "/"), "/m/terminals?cursor=a");
        for elsewhere in [
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "",
            "m",
            "/a\r\nset-cookie: x",
            "javascript:1",
        ] {
            assert_eq!(local(elsewhere, "/"), "/");
        }
    }
}
