//! Looking at merchants. A merchant sees itself, an agent its own, staff and programs of the institution all.

use domain::ids::MerchantNumber;
use store::Tx;
use store::parties::{self, MerchantFilter, MerchantRow as Stored};

use super::checks::{categories, fold};
use crate::chain::{self, NOBODY};
use crate::ctx::Ctx;
use crate::explain;
use crate::private;
use crate::refused::{Done, Refused};
use crate::views::{ContractView, MerchantRow, MerchantView, Page, Paging, SettlementAccountView, ShopView};

/// Refuses an actor who may not know this merchant, in the words of «there is none».
pub fn may_see(ctx: &Ctx, merchant: &str, agent: &str) -> Done<()> {
    let program = ctx.may("api_read") && (ctx.actor.merchant == merchant || ctx.actor.merchant == NOBODY);
    if program {
        Ok(())
    } else {
        ctx.need_merchant(merchant, agent, "read_own", "read_all")
    }
}

/// Which merchants a list wants; an empty text means any.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Beginning of the name, as typed.
    pub name: String,
    /// Stage code.
    pub stage: String,
    /// `micro`, `sole_trader`, `enterprise`.
    pub kind: String,
    /// Agent id.
    pub agent: String,
}

/// The part of all merchants an actor may list: `(merchant, agent)`, each empty for any.
pub(crate) fn reach(ctx: &Ctx) -> Done<(String, String)> {
    if ctx.may("read_all") || (ctx.may("api_read") && ctx.actor.merchant == NOBODY) {
        Ok((String::new(), String::new()))
    } else if ctx.actor.agent != NOBODY && ctx.may("read_agent") {
        Ok((String::new(), ctx.actor.agent.clone()))
    } else if ctx.actor.merchant != NOBODY && (ctx.may("read_own") || ctx.may("api_read")) {
        Ok((ctx.actor.merchant.clone(), String::new()))
    } else {
        Err(Refused::NotPermitted {
            actor: ctx.actor.id.clone(),
            permission: "read_all",
        })
    }
}

/// A page of the merchants the actor may see, in the order they were taken on record.
pub fn list(tx: &mut Tx<'_>, ctx: &mut Ctx, filter: &Filter, paging: &Paging) -> Done<Page<MerchantRow>> {
    let (merchant_id, own_agent) = reach(ctx)?;
    if !own_agent.is_empty() && !filter.agent.is_empty() && filter.agent != own_agent {
        return Ok(Page {
            data: Vec::new(),
            has_more: false,
            next_cursor: None,
        });
    }
    let wanted = MerchantFilter {
        merchant_id,
        agent_id: if own_agent.is_empty() {
            filter.agent.clone()
        } else {
            own_agent
        },
        stage: filter.stage.clone(),
        kind: filter.kind.clone(),
        name: fold(&filter.name),
    };
    let limit = paging.limit.clamp(1, 200);
    let mut rows = parties::merchants(tx, &wanted, paging.cursor.as_deref().unwrap_or(""), limit + 1)?;
    let has_more = i64::try_from(rows.len()).unwrap_or(0) > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    let next_cursor = if has_more {
        rows.last().map(|r| r.merchant_id.clone())
    } else {
        None
    };
    let data = rows.into_iter().map(|row| in_list(tx, ctx, row)).collect::<Done<_>>()?;
    Ok(Page {
        data,
        has_more,
        next_cursor,
    })
}

/// A merchant as a list shows it.
fn in_list(tx: &mut Tx<'_>, ctx: &Ctx, row: Stored) -> Done<MerchantRow> {
    let chain = chain::of_merchant(tx, &row.merchant_id)?;
    Ok(MerchantRow {
        standing: explain::standing(ctx, &chain, explain::DEFAULT_CAPABILITY).to_owned(),
        id: row.merchant_id,
        number: row.number,
        name: row.name,
        kind: row.kind,
        stage: row.stage,
        city: row.city,
    })
}

/// A merchant with its shops, account and contract; sensitive values masked.
pub fn view(tx: &mut Tx<'_>, ctx: &mut Ctx, id: &str) -> Done<MerchantView> {
    let row = parties::merchant(tx, id)?.ok_or_else(|| Refused::not_found("merchant", id))?;
    may_see(ctx, id, &row.agent_id)?;
    let agent = parties::agent(tx, &row.agent_id)?;
    let stage = (domain::stages::SubjectKind::Merchant, row.stage.clone());
    Ok(MerchantView {
        mcc_name: categories()
            .get(&row.mcc)
            .map_or_else(String::new, |c| c.name.get(ctx.lang).to_owned()),
        stage_name: ctx
            .catalog()
            .stages
            .get(&stage)
            .map_or_else(String::new, |s| s.name.get(ctx.lang).to_owned()),
        agent_name: agent.map(|a| a.name).unwrap_or_default(),
        masked: private::masked(tx, id, "merchant", id)?,
        shops: parties::shops(tx, id)?.into_iter().map(shop_view).collect(),
        settlement_account: account_view(tx, id)?,
        contract: contract_view(tx, id)?,
        terminals: store::terminals::count(tx, id)?,
        id: row.merchant_id,
        number: row.number,
        kind: row.kind,
        name: row.name,
        short_name: row.short_name,
        mcc: row.mcc,
        province: row.province,
        city: row.city,
        stage: row.stage,
        agent_id: row.agent_id,
        risk_level: row.risk_level,
        created_at: row.created_at,
        activated_at: row.activated_at,
    })
}

/// The id of the merchant with this number, or of this id. Internal: tells nothing but the id.
pub fn by_number(tx: &mut Tx<'_>, typed: &str) -> Done<Option<String>> {
    let typed = typed.trim();
    Ok(match MerchantNumber::parse(typed) {
        Ok(number) => store::chain::merchant_by_number(tx, number.as_str())?,
        Err(_) => Some(typed.to_owned()).filter(|id| id.starts_with("mch_")),
    })
}

/// What a merchant is called in short. Internal: the caller belongs to it.
pub fn called(tx: &mut Tx<'_>, id: &str) -> Done<Option<String>> {
    Ok(parties::merchant(tx, id)?.map(|row| {
        if row.short_name.is_empty() {
            row.name
        } else {
            row.short_name
        }
    }))
}

/// A shop as people see it.
pub(crate) fn shop_view(row: parties::ShopRow) -> ShopView {
    ShopView {
        id: row.id,
        name: row.name,
        address: row.address,
        stage: row.stage,
    }
}

fn account_view(tx: &mut Tx<'_>, merchant: &str) -> Done<Option<SettlementAccountView>> {
    let Some(row) = parties::current_account(tx, merchant)? else {
        return Ok(None);
    };
    let values = private::masked(tx, merchant, "settlement_account", &row.id)?;
    let number = values.into_iter().find(|v| v.field == "account_number");
    Ok(Some(SettlementAccountView {
        masked: number.map(|v| v.masked).unwrap_or_default(),
        id: row.id,
        bank: row.bank,
        account_kind: row.account_kind,
        stage: row.stage,
        effective_at: row.effective_at,
    }))
}

fn contract_view(tx: &mut Tx<'_>, merchant: &str) -> Done<Option<ContractView>> {
    Ok(parties::contract(tx, merchant)?.map(|row| ContractView {
        id: row.id,
        number: row.number,
        stage: row.stage,
        signed_at: row.signed_at,
        expires_at: row.expires_at,
    }))
}
