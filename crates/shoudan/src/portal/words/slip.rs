//! Words of slips.

words! {
    TITLE: "电子签购单", "Electronic slip";
    MERCHANT: "商户名称", "Merchant";
    MERCHANT_NUMBER: "商户编号", "Merchant No.";
    TERMINAL_NUMBER: "终端编号", "Terminal No.";
    SHOP: "门店", "Shop";
    ACQUIRER: "收单机构", "Acquirer";
    ISSUER: "发卡机构", "Issuer";
    ORGANISATION: "卡组织", "Card network";
    CARD: "卡号", "Card";
    ENTRY: "读卡方式", "Read by";
    KIND: "交易类型", "Type";
    BATCH: "批次号", "Batch";
    TRACE: "凭证号", "Trace";
    REFERENCE: "参考号", "Reference";
    AUTHORISATION: "授权码", "Authorisation";
    ORIGINAL: "原交易", "Original";
    TIME: "日期时间", "Time";
    AMOUNT: "金额 RMB", "Amount CNY";
    RESPONSE: "应答", "Answer";
    CODE: "原因码", "Reason code";
    CODE_HOW: "扫码或打开下面的网址，看原因和恢复办法", "Scan, or open this page, for the reason and the way back";
    SIGNATURE: "持卡人签名", "Cardholder's signature";
    SIGNATURE_UNREADABLE: "签名图像的格式无法显示，可下载原始数据", "The signature's format cannot be shown; its data can be downloaded";
    AGREED: "本人确认以上交易，同意将其记入本卡账户", "I confirm this transaction and agree that it is charged to my card";
    up_to(limit): "交易金额未超过 {limit}，免签名", "Not above {limit}: no signature is needed";
    BY_CODE: "付款码交易，持卡人已在手机上确认，无需签名", "Paid by code and confirmed on the phone: no signature is needed";
    COPY: "重打印凭证", "Reprint";
    printed(time): "生成于 {time}", "Made {time}";
    hotline(number): "客服 {number}", "Hotline {number}";
    KEEP: "请妥善保管，不含完整卡号", "Keep it safe. The card number is not shown in full";

    // On pages
    SLIP: "签购单", "Slip";
    AS_PICTURE: "签购单图片", "Slip as a picture";
    AS_PICTURE_SHORT: "图片", "picture";
    AS_DOCUMENT: "签购单 PDF", "Slip as a PDF";
    signed_at(time): "已签名，{time}", "Signed, {time}";
    NOT_SIGNED: "没有电子签名", "No electronic signature";
    SIGNATURE_AS_RECEIVED: "签名原始数据", "The signature as received";
    CODE_RUN_OUT: "当时的原因码已过期，不能再查；现在的情况请看终端页。原因码：", "The code of that decline has run out; the terminal's page tells how things stand now. The code was";
    RELATED: "相关交易", "Belongs with";
    WHAT_HAPPENED: "经过", "What happened";
    REVERSAL: "向网络冲正", "Reversal to the network";
    REVERSAL_CONFIRMED: "网络已确认", "Confirmed by the network";
    reversal_waits(times): "待网络确认，已发 {times} 次", "Waiting for the network, sent {times} times";

    // Reports of state
    HEALTH: "机具自检", "State of the device";
    NO_HEALTH: "还没有上报", "Nothing reported yet";
    ALL_WORKS: "各部件正常", "Every part works";
    HEALTH_BEFORE: "以前的上报", "Earlier reports";
    reported(times): "连续 {times} 次", "{times} times in a row";
    WORKS: "正常", "works";
    BROKEN: "有故障", "faulty";
    broken(parts): "有故障：{parts}", "faulty: {parts}";
    AND: "、", ", ";
}
