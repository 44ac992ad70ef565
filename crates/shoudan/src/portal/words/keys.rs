//! Words of key entry.

words! {
    TITLE: "录入主密钥分量", "Enter master key components";
    NOTE: "两位密钥管理员各自登录、各录一份分量，互不可见。第二份录入后生成主密钥，原有密钥作废。",
        "Two custodians log in separately and enter one component each, unseen by the other. The second makes the key; the keys before are destroyed.";
    MADE: "主密钥已生成，校验值", "The master key is made; check value";
    COMPARE: "请与 POS 上显示的校验值核对。", "Compare it with what the terminal shows.";
    CURRENT: "现用主密钥校验值", "Check value of the current key";
    REPORTED: "机具上报的校验值", "Check value the device reports";
    FIRST: "第一份分量校验值", "Check value of the first component";
    NONE: "无", "none";
    ENTER_FIRST: "录入第一份分量", "Enter the first component";
    ENTER_SECOND: "录入第二份分量（须由另一人在自己的登录中录入）", "Enter the second component (another person, in a session of their own)";
    COMPONENT: "密钥分量", "Component";
    COMPONENT_HINT: "32 位十六进制数字，可带空格", "32 hexadecimal digits, spaces allowed";
    KCV: "分量校验值", "Check value of the component";
    KCV_HINT: "密钥信封上的 6 位或 8 位数字", "The 6 or 8 digits on the sheet";
    COMBINED: "合成密钥的校验值（信封上有时填写）", "Check value of the whole key, if the sheet has it";
    FIRST_IN: "第一份分量已录入。请另一位密钥管理员用自己的登录录入第二份。",
        "The first component is in. Another custodian enters the second, logged in under their own name.";
    NOT_TAKEN: "没有录入；分量不会保留在页面上，请重新输入", "Not entered; components are not kept on the page, so please type it again";
    SUBMIT: "录入", "Enter";
}
