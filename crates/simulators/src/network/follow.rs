//! A play in a file, read again whenever it changes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::rules::Play;
use super::{Shared, set_play};

/// How often the file is looked at.
const LOOK: Duration = Duration::from_millis(300);

/// Follows a file until it is dropped. A file that cannot be understood changes nothing; what is wrong is in the log. While
/// there is no file, or none any more, the play is the one from before.
pub(super) async fn follow(path: PathBuf, shared: Arc<Shared>) {
    let before = shared.inside().rules.play.clone();
    let mut last = None;
    loop {
        let text = std::fs::read_to_string(&path).ok();
        if text != last {
            match text.as_deref().map(serde_json::from_str::<Play>) {
                None => set_play(&shared, before.clone()),
                Some(Ok(play)) => {
                    tracing::info!(path = %path.display(), rules = play.rules.len(), "the simulated network's play");
                    set_play(&shared, play);
                }
                Some(Err(error)) => tracing::error!(%error, path = %path.display(), "this is no play"),
            }
            last = text;
        }
        tokio::time::sleep(LOOK).await;
    }
}
