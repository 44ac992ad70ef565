//! What things are called in a refusal. Operations name them in English; here they have a Chinese name too.

/// Name in a refusal, Chinese.
const THINGS: &[(&str, &str)] = &[
    ("API key", "密钥"),
    ("account", "结算账户"),
    ("actor", "经办人"),
    ("agent", "代理商"),
    ("appeal", "申诉"),
    ("capability", "功能"),
    ("batch", "批次"),
    ("city", "城市"),
    ("clock", "时钟"),
    ("contract", "合同"),
    ("device", "机具"),
    ("document", "材料"),
    ("explanation code", "原因码"),
    ("job", "任务"),
    ("key", "密钥"),
    ("lease", "租约"),
    ("limit", "限额"),
    ("merchant", "商户"),
    ("merchant number", "商户编号"),
    ("merchant kind", "商户类型"),
    ("model", "机型"),
    ("network", "网络"),
    ("platform", "平台"),
    ("reason", "原因"),
    ("region", "地区"),
    ("registration", "终端入网登记"),
    ("registration of terminal", "终端的入网登记"),
    ("request", "申请"),
    ("request kind", "申请种类"),
    ("restoration", "恢复申请"),
    ("review", "审核"),
    ("role", "角色"),
    ("sealed field", "加密字段"),
    ("sealed value", "加密内容"),
    ("session", "登录"),
    ("settlement_account", "结算账户"),
    ("shop", "门店"),
    ("signature", "电子签名"),
    ("slip", "签购单"),
    ("stage", "阶段"),
    ("state", "状态"),
    ("statement", "对账单"),
    ("step", "步骤"),
    ("stop", "停用"),
    ("subject", "对象"),
    ("subject kind", "对象种类"),
    ("terminal", "终端"),
    ("terminal number", "终端号"),
    ("transaction", "交易"),
    ("user", "账号"),
];

/// The Chinese name of a thing; one without a row is called by what it is: a record.
pub(super) fn thing(what: &str) -> &'static str {
    THINGS.iter().find(|row| row.0 == what).map_or("记录", |row| row.1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The names that stand behind `call(` in the sources of operations.
    fn named(folder: &std::path::Path, into: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                named(&path, into);
            } else {
                let text = std::fs::read_to_string(path).unwrap();
                for call in ["not_found(", "conflict("] {
                    let named = text.split(call).skip(1).filter_map(|rest| {
                        let name = rest.trim_start().strip_prefix('"')?.split_once('"')?.0;
                        Some(name.to_owned())
                    });
                    into.extend(named);
                }
            }
        }
    }

    #[test]
    fn everything_that_operations_name_has_a_chinese_name() {
        let mut names = Vec::new();
        named(
            std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../operations/src")),
            &mut names,
        );
        assert!(names.len() > 50, "found {} names only", names.len());
        let without: Vec<_> = names.iter().filter(|name| thing(name) == "记录").collect();
        assert!(without.is_empty(), "no Chinese name for {without:?}");
    }
}
