//! What happened, newest first, by day.

use domain::time::Time;
use maud::{Markup, html};
use operations::views::EventView;

use crate::portal::page::Page;

/// The events under their local days. `actors`: whether to say who did it.
pub fn timeline(page: &Page<'_>, events: &[EventView], actors: bool) -> Markup {
    let day_of = |event: &EventView| page.zone.date(Time::from_millis(event.at));
    html! {
        ol.timeline {
            @for (i, event) in events.iter().enumerate() {
                @let before = i.checked_sub(1).and_then(|j| events.get(j)).map(day_of);
                @if before != Some(day_of(event)) {
                    li.timeline-day { (page.day(event.at)) }
                }
                li.timeline-event data-kind=(event.kind) {
                    span.timeline-time { (page.clock(event.at)) }
                    span.timeline-text {
                        (event.text)
                        @if actors && !event.actor.is_empty() && !event.text.contains(&event.actor) { small.quiet { " " (event.actor) } }
                    }
                }
            }
        }
    }
}
