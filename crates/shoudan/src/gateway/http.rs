//! Frames carried by HTTP: the body of a POST is one frame with its length, and so is the body of the answer.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use iso8583::Framing;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::Gateway;
use super::arrivals::Line;
use super::connection::End;
use super::peer::Peer;

/// Where terminals post.
const PATHS: [&str; 2] = ["/mjc/webtrans/VPB_lb", "/unp/webtrans/WPOS"];

/// What they post.
const MEDIA: &str = "x-ISO-TPDU/x-auth";

/// How long a connection may stand between two posts, and how long the head of one may take.
const HEAD: Duration = Duration::from_secs(30);

/// Lines in the head of a request. Terminals send six.
const HEADERS: usize = 32;

/// Bytes of such a head, and of what is read ahead of a body.
const BUFFER: usize = 16 * 1024;

/// Serves a connection until it ends.
pub(super) async fn converse<S>(gateway: &Arc<Gateway>, peer: &Peer, line: &Line, stream: S) -> End
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let settings = &gateway.settings;
    let service = service_fn(|request| async { Ok::<_, Infallible>(answer(gateway, peer, request).await) });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD.min(settings.idle))
            .max_headers(HEADERS)
            .max_buf_size(BUFFER)
            .serve_connection(TokioIo::new(stream), service)
    );
    let mut told = pin!(line.ended());
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = told.as_mut() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    match served {
        Err(error) if error.is_timeout() => End::Slow,
        Err(error) if error.is_parse() => End::NoFrame,
        _ => End::Gone,
    }
}

async fn answer(gateway: &Arc<Gateway>, peer: &Peer, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let settings = &gateway.settings;
    let refusal = refusal(&request);
    // The body is taken in even where it does not matter: only then can the connection carry another.
    let body = Limited::new(request.into_body(), settings.longest_frame + 2).collect();
    let body = match timeout(settings.drip, body).await {
        Err(_) => return last(StatusCode::REQUEST_TIMEOUT),
        Ok(Err(_)) => return last(refusal.unwrap_or(StatusCode::PAYLOAD_TOO_LARGE)),
        Ok(Ok(body)) => body.to_bytes(),
    };
    if let Some(status) = refusal {
        return bare(status);
    }
    let mut framing = Framing::new(peer.profile.header, settings.longest_frame);
    framing.feed(&body);
    let frame = match framing.next_frame() {
        Ok(Some(frame)) if !framing.is_midway() => frame,
        _ => return bare(StatusCode::BAD_REQUEST),
    };
    // A terminal that hears no message asks again or reverses; so it does where none may be answered.
    let wire = peer
        .answer(gateway, &frame)
        .await
        .and_then(|answer| answer.to_wire().ok());
    let Some(wire) = wire else {
        return last(StatusCode::SERVICE_UNAVAILABLE);
    };
    let mut response = Response::new(Full::new(Bytes::from(wire)));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA));
    response
}

/// Why what a request's head says is not what terminals post.
fn refusal(request: &Request<Incoming>) -> Option<StatusCode> {
    if !PATHS.contains(&request.uri().path()) {
        return Some(StatusCode::NOT_FOUND);
    }
    if request.method() != Method::POST {
        return Some(StatusCode::METHOD_NOT_ALLOWED);
    }
    let media = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let right = media.is_some_and(|media| media.trim().eq_ignore_ascii_case(MEDIA));
    (!right).then_some(StatusCode::UNSUPPORTED_MEDIA_TYPE)
}

fn bare(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    }
    response
}

/// The last answer of a connection.
fn last(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = bare(status);
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
