//! Logging a person in: three steps, of which the slow one runs outside any transaction and on few threads at once.

use domain::secret::SecretString;
use operations::people::{self, Login};

use crate::app::App;
use crate::doors::Caller;
use crate::limits::Limited;
use crate::problem::Problem;

/// What somebody typed.
pub struct Typed {
    /// Login.
    pub login: String,
    /// Password.
    pub password: SecretString,
    /// The code of the second factor, when it was asked for.
    pub code: Option<String>,
}

/// Tries to log in. Tries are limited per address, and failures lock a login for a while.
pub async fn login(app: &App, caller: &Caller, typed: Typed) -> Result<Login, Problem> {
    app.limits
        .take(caller.peer, Limited::Login, std::time::Instant::now())
        .map_err(Problem::too_often)?;
    let Typed { login, password, code } = typed;
    let ctx = caller.ctx(app, "log in");
    let hand = app.clock.hand();
    let attempt = app
        .read(ctx.clone(), move |tx, _| people::login_row(tx, &login))
        .await?
        .with_codes_at(hand);
    let _permit = app
        .hashing
        .acquire()
        .await
        .map_err(|_| Problem::of_status(axum::http::StatusCode::SERVICE_UNAVAILABLE))?;
    let verified = {
        let attempt = attempt.clone();
        tokio::task::spawn_blocking(move || attempt.password_is(&password)).await
    };
    let right = verified.map_err(|_| Problem::of_status(axum::http::StatusCode::INTERNAL_SERVER_ERROR))?;
    Ok(app
        .write(ctx, move |tx, ctx| {
            people::login_done(tx, ctx, &attempt, right, code.as_deref())
        })
        .await?)
}

/// Ends a caller's session, if there is one.
pub async fn logout(app: &App, caller: &Caller) -> Result<(), Problem> {
    let Some(token) = caller.session.clone() else {
        return Ok(());
    };
    app.write(caller.ctx(app, "log out"), move |tx, ctx| {
        people::logout(tx, ctx, token.expose())
    })
    .await?;
    Ok(())
}
