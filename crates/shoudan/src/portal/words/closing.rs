//! Words of the closing certificate.

words! {
    TITLE: "终止服务证明", "Closing certificate";
    stated(house, merchant, day): "{house}证明：与{merchant}的收单服务已于 {day} 终止，名下终端的密钥已经销毁，登记已经注销。",
        "{house} certifies that the acquiring service for {merchant} ended on {day}, that the keys of its terminals are destroyed and their registrations withdrawn.";
    MERCHANT: "商户名称", "Merchant";
    MERCHANT_NUMBER: "商户编号", "Merchant number";
    BEGAN: "开始受理", "Taken on";
    ASKED: "申请终止", "Asked for";
    CLOSED: "办结", "Complete";
    AGREED_BY: "审核", "Agreed by";
    people(count): "{count} 人", "{count} people";
    TERMINALS: "终端", "Terminals";
    TERMINAL: "终端号", "Terminal number";
    SERIAL: "最后使用的机具", "Last device";
    KEYS_DESTROYED: "密钥销毁", "Keys destroyed";
    DIGEST: "以上内容的摘要，可凭此向我们核实：", "Digest of the above, by which we confirm it:";
    PRINT: "打印", "Print";
    SEE: "查看终止证明", "See the closing certificate";
}
