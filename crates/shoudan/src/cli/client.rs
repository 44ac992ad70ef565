//! Asking a server that runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use serde_json::Value;
use ureq::Agent;

/// Which server to ask, and how to show the answer.
#[derive(Args, Clone)]
pub struct Server {
    /// The server's address, e.g. `http://127.0.0.1:8080`.
    #[arg(long, env = "SHOUDAN_URL", value_name = "URL")]
    http: Option<String>,
    /// An API key.
    #[arg(long, env = "SHOUDAN_KEY", hide_env_values = true, value_name = "KEY")]
    key: Option<String>,
    /// The demonstration's directory: its world.json names address and key where none are given.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// Print the answer as JSON.
    #[arg(long)]
    pub json: bool,
}

/// A server's refusal.
#[derive(Debug, thiserror::Error)]
#[error("{title}: {detail} ({code})")]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    title: String,
    detail: String,
    code: String,
}

/// The demonstration's description of itself.
pub fn world(data: &Path) -> anyhow::Result<Value> {
    let path = data.join("world.json");
    let text = fs::read_to_string(&path).with_context(|| {
        format!(
            "{} cannot be read; is the demonstration's directory another? (--data)",
            path.display()
        )
    })?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}

impl Server {
    fn base(&self) -> anyhow::Result<String> {
        if let Some(http) = &self.http {
            return Ok(with_scheme(http));
        }
        let world = world(&self.data).context("no server is named: give --http or SHOUDAN_URL")?;
        let http = world
            .get("http")
            .and_then(Value::as_str)
            .context("world.json names no address (http)")?;
        Ok(with_scheme(http))
    }

    fn key(&self) -> Option<String> {
        self.key.clone().or_else(|| {
            // The world's key goes to the world's server only.
            let world = world(&self.data).ok()?;
            let address = world.get("http").and_then(Value::as_str).map(with_scheme);
            let same = self
                .http
                .as_deref()
                .map(with_scheme)
                .is_none_or(|http| Some(http) == address);
            world
                .pointer("/api_keys/0/key")
                .and_then(Value::as_str)
                .filter(|_| same)
                .map(str::to_owned)
        })
    }

    fn agent() -> Agent {
        // A server is named by address; what the environment says about proxies is about other hosts.
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(10)))
            .proxy(None);
        config.build().new_agent()
    }

    /// GET, with query parameters.
    pub fn get(&self, path: &str, query: &[(&str, &str)]) -> anyhow::Result<Value> {
        let base = self.base()?;
        let mut request = Self::agent()
            .get(format!("{base}{path}"))
            .header("accept-language", language());
        for (name, value) in query {
            request = request.query(name, value);
        }
        if let Some(key) = self.key() {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        answer(&base, request.call())
    }

    /// POST, with a JSON body.
    pub fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let base = self.base()?;
        let mut request = Self::agent()
            .post(format!("{base}{path}"))
            .header("accept-language", language());
        if let Some(key) = self.key() {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        answer(&base, request.send_json(body))
    }
}

fn answer(base: &str, response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> anyhow::Result<Value> {
    let mut response = response.map_err(|e| anyhow!("{base} does not answer: {e}"))?;
    let status = response.status().as_u16();
    let text = response.body_mut().read_to_string()?;
    let value: Value = match serde_json::from_str(&text) {
        Ok(value) => value,
        Err(_) => bail!("{base} answered {status} with something that is not JSON; is it a Shoudan server?"),
    };
    if status < 400 {
        return Ok(value);
    }
    let say = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Err(Refusal {
        status,
        title: say("title"),
        detail: say("detail"),
        code: say("code"),
    }
    .into())
}

fn with_scheme(address: &str) -> String {
    let address = address.trim_end_matches('/');
    if address.contains("://") {
        address.to_owned()
    } else {
        format!("http://{address}")
    }
}

/// The language of answers: what `LANG` says, or else English.
pub fn language() -> &'static str {
    let set = |name: &str| {
        std::env::var(name)
            .ok()
            .filter(|value| !value.is_empty() && value != "C" && value != "POSIX")
    };
    let wanted = set("SHOUDAN_LANG").or_else(|| set("LC_ALL")).or_else(|| set("LANG"));
    let lang = wanted.and_then(|text| domain::names::Lang::from_tag(&text));
    lang.map_or("en", domain::names::Lang::tag)
}
