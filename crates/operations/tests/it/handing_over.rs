//! A merchant whose agent has gone is handed to another one, or to none; what rests on the former agent stays in force
//! for everybody else that agent served.

use domain::stages::SubjectKind;
use operations::refused::Refused;
use operations::requests;
use serde_json::json;
use store::stops::StopRow;

use super::story::{M, Story, T, fields_of, of, states};
use super::world::{self, someone};

const OTHERS: &[&str] = &[
    "insert into agents (id, number, name, province, stage, created_at) values ('agt_2', 'A2', '接手', '31', 'active', 1)",
    "insert into agents (id, number, name, province, stage, created_at) values ('agt_3', 'A3', '未开始', '31', 'filed', 1)",
];

fn agent_of(story: &mut Story) -> String {
    let row = story.act(someone("dora", "desk"), |tx, _| Ok(store::chain::of_merchant(tx, M)?));
    row.unwrap().unwrap().agent_id
}

fn stops_on_agents(story: &mut Story) -> Vec<StopRow> {
    story
        .act(someone("dora", "desk"), |tx, _| Ok(store::stops::live(tx, "-")?))
        .unwrap()
}

fn may_order_devices(story: &mut Story) -> bool {
    story
        .act(someone("dora", "desk"), |tx, ctx| {
            operations::gates::may(tx, ctx, M, T, "device_order")
        })
        .unwrap()
}

#[test]
fn a_merchant_is_handed_to_another_agent_who_works_with_us() {
    Story::on_each(|story| {
        world::tamper(story.db(), OTHERS);
        story.stop(SubjectKind::Agent, "agt_1", "agent.ended", json!({}));
        assert!(!may_order_devices(story));
        let request = story.restore();
        let desk = || someone("dora", "desk");
        let seen = story.view(desk(), &request.id);
        let asked = &of(&seen, "assign_agent").fields[0];
        assert!(asked.code == "service_agent" && asked.optional);
        for wrong in ["A9", "A3", "A1"] {
            let refused = story.submit(desk(), &request.id, "assign_agent", &[("service_agent", wrong)]);
            assert_eq!(fields_of(refused.unwrap_err()), ["service_agent"], "{wrong}");
        }
        let view = story
            .submit(desk(), &request.id, "assign_agent", &[("service_agent", "A2")])
            .unwrap();
        assert_eq!(view.state, "done", "{:?}", states(&view));
        assert_eq!(agent_of(story), "agt_2");
        assert!(may_order_devices(story));
        let [stop] = &stops_on_agents(story)[..] else {
            panic!("the former agent's stop is gone")
        };
        assert_eq!(
            (stop.subject_id.as_str(), stop.reason.as_str()),
            ("agt_1", "agent.ended")
        );

        // The former agent sees the merchant no more.
        let former = operations::Actor {
            agent: "agt_1".into(),
            ..someone("agent", "agent")
        };
        let id = request.id.clone();
        let hidden = story.act(former, move |tx, ctx| requests::view(tx, ctx, M, &id));
        assert!(matches!(hidden, Err(Refused::NotFound { .. })));
    });
}

#[test]
fn without_a_successor_the_institution_serves_the_merchant_itself() {
    Story::on_each(|story| {
        story.stop(SubjectKind::Agent, "agt_1", "agent.ended", json!({}));
        let request = story.restore();
        let view = story
            .submit(someone("dora", "desk"), &request.id, "assign_agent", &[])
            .unwrap();
        assert_eq!(view.state, "done", "{:?}", states(&view));
        assert_eq!(agent_of(story), "-");
        assert!(may_order_devices(story));
        assert_eq!(stops_on_agents(story).len(), 1);
    });
}
