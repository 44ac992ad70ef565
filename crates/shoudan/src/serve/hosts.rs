//! The names this server answers to. A page of another site may let its own name point here; a browser then sends that
//! name, and is turned away before anything is read.

use std::net::IpAddr;

use axum::http::{HeaderMap, Uri, header};

/// The names, as a `Host` header writes them.
pub struct Hosts {
    /// Lower case, with the port where it is not the scheme's own.
    names: Vec<String>,
    /// The port the scheme implies, as `:443`.
    implied: &'static str,
    /// A demonstration also answers to `localhost` and to bare addresses on these ports: no name can be pointed at it
    /// that way.
    local: Vec<u16>,
}

impl Hosts {
    /// The name in `origin` and those in `more`; where `listens` is given, also this machine's own on that port.
    pub fn new(origin: &str, more: &[String], listens: Option<u16>) -> Self {
        let (scheme, authority) = origin.split_once("://").unwrap_or(("http", origin));
        let implied = if scheme == "https" { ":443" } else { ":80" };
        let own = authority.split('/').next().unwrap_or_default();
        let names = std::iter::once(own)
            .chain(more.iter().map(String::as_str))
            .map(|name| plain(name, implied))
            .filter(|name| !name.is_empty())
            .collect();
        let local = listens.map_or_else(Vec::new, |port| {
            let told = split(own).1.and_then(|port| port.parse().ok());
            [Some(port), told].into_iter().flatten().collect()
        });
        Self { names, implied, local }
    }

    /// Whether a request is meant for this server. A request that names none, or several, is not.
    pub fn serve(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        if let Some(authority) = uri.authority() {
            return self.named(authority.as_str());
        }
        let mut named = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (named.next(), named.next()) else {
            return false;
        };
        host.to_str().is_ok_and(|host| self.named(host))
    }

    fn named(&self, host: &str) -> bool {
        let host = plain(host, self.implied);
        self.names.contains(&host) || self.local(&host)
    }

    fn local(&self, host: &str) -> bool {
        let (name, port) = split(host);
        let port = port.map_or(Ok(80), str::parse);
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        port.is_ok_and(|port: u16| self.local.contains(&port))
            && (name == "localhost" || bare.parse::<IpAddr>().is_ok())
    }
}

fn plain(host: &str, implied: &str) -> String {
    let host = host.trim().to_ascii_lowercase();
    host.strip_suffix(implied).unwrap_or(&host).to_owned()
}

/// Name and port; an address of IPv6 keeps its brackets.
fn split(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(hosts: &Hosts, host: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        hosts.serve(&Uri::from_static("/"), &headers)
    }

    #[test]
    fn an_institution_answers_to_its_origin_and_what_its_settings_add() {
        let hosts = Hosts::new("https://pay.example.com", &["POS.example.com:8443".to_owned()], None);
        for ours in [
            "pay.example.com",
            "Pay.Example.Com",
            "pay.example.com:443",
            "pos.example.com:8443",
        ] {
            assert!(served(&hosts, ours), "{ours}");
        }
        for foreign in [
            "evil.example",
            "pay.example.com:80",
            "pay.example.com.evil.example",
            "localhost",
            "127.0.0.1",
            "",
        ] {
            assert!(!served(&hosts, foreign), "{foreign}");
        }
    }

    #[test]
    fn a_demonstration_answers_to_this_machine_on_its_port_by_no_other_name() {
        let hosts = Hosts::new("http://127.0.0.1:8080", &[], Some(8080));
        for ours in ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "192.168.1.20:8080"] {
            assert!(served(&hosts, ours), "{ours}");
        }
        for foreign in ["localhost", "localhost:8081", "rebound.example:8080", "[::1]"] {
            assert!(!served(&hosts, foreign), "{foreign}");
        }
        let by_default = Hosts::new("http://127.0.0.1", &[], Some(80));
        assert!(served(&by_default, "localhost") && served(&by_default, "localhost:80"));
    }

    #[test]
    fn a_request_with_no_name_or_two_is_for_nobody_and_one_in_the_address_rules() {
        let hosts = Hosts::new("http://a.example", &[], None);
        let mut headers = HeaderMap::new();
        assert!(!hosts.serve(&Uri::from_static("/"), &headers));
        headers.append(header::HOST, "a.example".parse().unwrap());
        assert!(hosts.serve(&Uri::from_static("/"), &headers));
        assert!(!hosts.serve(&Uri::from_static("http://b.example/"), &headers));
        headers.append(header::HOST, "b.example".parse().unwrap());
        assert!(!hosts.serve(&Uri::from_static("/"), &headers));
    }
}
