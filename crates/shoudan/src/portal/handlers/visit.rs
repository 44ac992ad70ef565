//! A call for a page: who looks, how, and from where.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Response};
use domain::time::Time;
use maud::Markup;
use operations::refused::{Done, FieldError};
use operations::{Ctx, Tx, merchants};

use crate::app::App;
use crate::doors::{Caller, cookie};
use crate::portal::{Page, Theme, Who};
use crate::problem::Problem;

/// What a page's handler is given.
pub struct Visit {
    /// The running system.
    pub app: App,
    /// Who calls.
    pub caller: Caller,
    /// Light or dark.
    theme: Theme,
    /// Path and query.
    path: String,
    /// The merchant's short name, or the institution's.
    house: String,
    /// The moment of the call: page and operation speak of the same one.
    now: Time,
}

impl FromRequestParts<App> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let path = parts.uri.path_and_query().map_or("/", |p| p.as_str()).to_owned();
        if path.contains("%00") {
            // No name or id of ours holds the character U+0000, and no database takes it.
            return Err(Problem::of_status(StatusCode::NOT_FOUND));
        }
        let caller = Caller::from_request_parts(parts, app).await?;
        let house = match caller.actor.merchant.as_str() {
            "-" => None,
            id => {
                let id = id.to_owned();
                app.read(caller.ctx(app, ""), move |tx, _| merchants::called(tx, &id))
                    .await?
            }
        };
        Ok(Self {
            theme: Theme::from_code(cookie(&parts.headers, "theme").unwrap_or_default()),
            path,
            house: house.unwrap_or_else(|| app.institution.name.get(caller.lang).to_owned()),
            now: app.now(),
            caller,
            app: app.clone(),
        })
    }
}

impl Visit {
    /// What the page is given.
    pub fn page(&self) -> Page<'_> {
        let app = &self.app;
        Page {
            lang: self.caller.lang,
            theme: self.theme,
            now: self.now,
            zone: &app.platform.zone,
            path: &self.path,
            origin: &app.origin,
            who: self.caller.user.as_ref().map(|user| Who {
                name: &user.display_name,
                role: &user.role_name,
                house: &self.house,
            }),
            institution: &app.institution,
            demo: app.demo,
        }
    }

    /// The same page under the address it is found at, for an answer to a POST.
    pub fn at(mut self, path: String) -> Self {
        self.path = path;
        self
    }

    /// The merchant the caller belongs to; `-` for none.
    pub fn merchant(&self) -> String {
        self.caller.actor.merchant.clone()
    }

    /// The context of what the caller asks or wants done; `why` goes into the audit log.
    pub fn ctx(&self, why: &str) -> Ctx {
        self.caller.ctx(&self.app, why)
    }

    /// Asks a question.
    pub async fn read<T, F>(&self, question: F) -> Done<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>, &mut Ctx) -> Done<T> + Send + 'static,
    {
        self.app.read(self.ctx(""), question).await
    }

    /// Carries out a change.
    pub async fn write<T, F>(&self, why: &str, change: F) -> Done<T>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>, &mut Ctx) -> Done<T> + Send + 'static,
    {
        self.app.write(self.ctx(why), change).await
    }

    /// Field errors as forms show them, in the caller's language.
    pub fn errors(&self, wrong: Vec<FieldError>) -> Vec<(String, String)> {
        let zh = self.caller.lang == domain::names::Lang::Zh;
        wrong
            .into_iter()
            .map(|e| (e.field, if zh { e.zh } else { e.en }))
            .collect()
    }
}

/// A page as an answer.
pub fn shown(markup: Markup) -> Response {
    Html(markup.into_string()).into_response()
}

/// A form that came back.
pub fn came_back(markup: Markup) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Html(markup.into_string())).into_response()
}
