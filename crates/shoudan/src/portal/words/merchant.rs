//! Words of the merchant's pages.

words! {
    // Home
    HOME_TITLE: "首页", "Home";
    TAKE_ALL: "现在可以收款", "You can take money now";
    all_affected(all): "全部 {all} 台收款机都受影响", "All {all} terminals are affected";
    take_some(fine, all): "{all} 台收款机，{fine} 台可以收款", "{fine} of {all} terminals can take money";
    take_none(all): "{all} 台收款机现在都不能收款", "None of your {all} terminals can take money now";
    TAKE_ONE_NOT: "收款机现在不能收款", "Your terminal cannot take money now";
    TAKE_NO_TERMINAL: "还没有收款机", "You have no terminal yet";
    PAID: "结算正常，款项按时到账", "Payouts run on time";
    PAID_NOT: "结算暂停，款项留在您名下", "Payouts are stopped; the money stays yours";
    PAID_T1: "次工作日到账", "Paid the next working day";
    SEE_WHICH: "看是哪一台", "See which";
    SEE_WHY: "看原因和办法", "See why and what to do";
    NEXT_ACTION: "现在轮到您", "Your turn now";
    next_of(request): "{request}的下一步", "Next step of: {request}";
    NOTHING_WAITS: "没有等您办理的事。", "Nothing is waiting for you.";
    TODAY: "今天收款", "Taken today";
    SALE_ONE: "1 笔", "1 sale";
    sales_count(count): "{count} 笔", "{count} sales";
    takings_chart(total): "最近 7 天每天收款，共 {total}", "Takings of the last 7 days, {total} in all";
    LAST_7: "最近 7 天", "Last 7 days";
    ALL_TRANSACTIONS: "全部交易", "All transactions";
    COMING_STOPS: "即将停用", "Coming stops";
    NO_COMING: "没有即将到来的停用。", "No stop is coming.";

    // Terminals
    TERMINALS_TITLE: "收款机", "Terminals";
    TERMINALS_NONE: "这里会列出您的收款机", "Your terminals will be listed here";
    TERMINALS_NONE_HOW: "合同签署、机具签收并激活后出现。", "They appear once the contract is signed and the machine received and activated.";
    ORDER_TERMINAL: "申领收款机", "Order a terminal";
    LAST_SALE: "上次收款", "Last sale";
    NEVER_SOLD: "还没有收过款", "No sale yet";
    SPARE: "备用机", "Spare";
    TERMINAL_NUMBER: "终端号", "Terminal number";
    SERIAL: "序列号", "Serial number";
    MODEL: "型号", "Model";
    SHOP: "门店", "Shop";
    SOFTWARE: "软件版本", "Software";
    STAGE: "阶段", "Stage";
    SIGNED_IN: "签到", "Sign-in";
    NOT_SIGNED_IN: "未签到", "Not signed in";
    OPENED: "开通于", "Opened";
    BEGIN: "开始恢复", "Begin restoring it";
    GO_ON: "继续办理", "Go on with it";
    WHAT_YOU_CAN_DO: "可以办理", "What you can do";
    LAST_EVENTS: "最近发生的", "What happened lately";
    NO_EVENTS: "还没有记录。激活、签到、收款和停用都会写在这里。", "Nothing yet. Activation, sign-in, sales and stops will stand here.";
    ABOUT_MACHINE: "这台机器", "This machine";
    DIAGNOSE: "平台查不到问题，机器却收不了款", "The platform sees no problem, yet it does not work";
    DIAGNOSE_TEXT: "先看三样：有没有纸和电，屏幕上有没有信号，时间对不对。都正常就报修，并说明屏幕上的字。",
        "Look at three things: paper and power, a signal on the screen, the right time. If all are fine, report a fault and say what the screen shows.";
    EXPLANATION_CODE: "客服原因码", "Code for the hotline";

    // Agents
    AGENT_TITLE: "我服务的收款机", "Terminals in my care";
    AGENT_NONE: "这里会列出您服务的商户的收款机", "The terminals of your merchants will be listed here";
    AGENT_NONE_HOW: "您发展的商户入网并领用机具后出现。", "They appear once a merchant of yours is taken on and gets a machine.";

    // Money
    MONEY_TITLE: "资金", "Money";
    ACCOUNT: "结算账户", "Settlement account";
    ACCOUNT_NONE: "还没有结算账户", "No settlement account yet";
    ACCOUNT_NONE_HOW: "核验账户归属后在这里显示，收到的款项会结算到这个账户。", "It appears once its ownership is verified; what you take is paid out to it.";
    BANK: "开户银行", "Bank";
    ACCOUNT_NUMBER: "账号", "Account";
    ACCOUNT_KIND: "账户类型", "Kind";
    CORPORATE: "对公账户", "Corporate";
    PERSONAL: "个人账户", "Personal";
    EFFECTIVE: "启用于", "Receives since";
    CHANGE_ACCOUNT: "变更结算账户", "Change the settlement account";
    CHANGE_ACCOUNT_NOTE: "变更要由两位审核人员确认，并有冷静期；在途款项不受影响。", "Two reviewers confirm a change and a cooling-off period follows; money under way is not affected.";
    PAYOUT_CAUSES: "影响结算的情况", "What affects payouts";
    STATEMENTS: "每日对账", "Daily statements";
    STATEMENTS_NONE: "这里会按天列出收款和退款", "Each day's sales and refunds will be listed here";
    STATEMENTS_NONE_HOW: "收第一笔款的当天就会出现。", "The first appears on the day of your first sale.";
    DAY: "日期", "Day";
    COUNT: "笔数", "Count";
    SALES: "收款", "Sales";
    BACK_SUM: "退款和撤销", "Refunds and voids";
    NET: "净额", "Net";
    statement_title(day): "{day} 对账单", "Statement of {day}";
    STATEMENT_NOTE: "净额为收款减退款和撤销，未扣手续费。", "Net is sales less refunds and voids, before fees.";

    // Transactions
    TRANSACTIONS_TITLE: "交易", "Transactions";
    TRANSACTIONS_NONE: "没有符合条件的交易", "No transactions match";
    TRANSACTIONS_NONE_HOW: "在收款机上收的每一笔，几秒内出现在这里。", "Every sale on a terminal appears here within seconds.";
    TIME: "时间", "Time";
    KIND: "类型", "Kind";
    AMOUNT: "金额", "Amount";
    STATE: "状态", "State";
    TERMINAL: "收款机", "Terminal";
    CARD: "卡号", "Card";
    REFERENCE: "参考号", "Reference";
    TRACE_NUMBER: "流水号", "Trace";
    BATCH: "批次号", "Batch";
    RESPONSE: "应答码", "Response code";
    TRANSACTION_FEE: "手续费", "Fee";
    WHY_DECLINED: "为什么没成功", "Why it was declined";
    FILTER: "筛选", "Filter";
    ALL_TERMINALS: "全部收款机", "All terminals";
    ALL_STATES: "全部状态", "All states";
    SHOW: "显示", "Show";
    DAY_FILTER: "日期", "Day";

    // Me
    ME_TITLE: "我的", "Me";
    MERCHANT: "商户", "Merchant";
    MERCHANT_NUMBER: "商户编号", "Merchant number";
    MERCHANT_NAME: "注册名称", "Registered name";
    MERCHANT_KIND: "类型", "Kind";
    CATEGORY: "经营类别", "Category";
    CITY: "所在城市", "City";
    AGENT: "服务商", "Agent";
    CONTRACT: "合同", "Contract";
    until(when): "有效期至 {when}", "until {when}";
    MICRO: "小微商户", "Micro merchant";
    SOLE_TRADER: "个体工商户", "Sole trader";
    ENTERPRISE: "企业", "Enterprise";
    USERS: "能登录的人", "People who can sign in";
    ADD_USER: "添加一个人", "Add a person";
    THIS_IS_YOU: "本人", "you";
    SECOND_FACTOR: "登录验证码", "Sign-in code";
    SECOND_ON: "已启用", "On";
    SECOND_OFF: "未启用", "Off";
    PERSON_NAME: "姓名", "Name";
    PERSON_LOGIN_HINT: "手机号，或 2 到 60 个字符、不含空格的名字。", "A mobile number, or a name of 2 to 60 characters without spaces.";
    PERSON_ROLE: "角色", "Role";
    NEW_PASSWORD: "新密码", "New password";
    OLD_PASSWORD: "现在的密码", "Present password";
    OLD_WRONG: "现在的密码不对，没有改动。", "The present password is not right; nothing was changed.";
    PASSWORD_HINT: "至少 8 个字符。", "At least 8 characters.";
    PASSWORD_NOTE: "改好以后，所有设备上的登录都会退出，请用新密码重新登录。",
        "Afterwards you are signed out everywhere; sign in again with the new one.";
    CHANGE_PASSWORD: "修改密码", "Change the password";
    RESET_PASSWORD: "重设密码", "Set a new password";
    RESET_NOTE: "当面告诉本人，请对方登录后马上改掉。原来的登录全部退出。",
        "Tell them in person and have them change it at once. They are signed out everywhere.";
    CLOSE_ACCOUNT: "停用这个登录", "Close this account";
    CLOSE_NOTE: "不能再登录，已有的登录马上退出；办过的事仍留在记录里。", "No more signing in, and every session ends at once. What was done stays on record.";
    CHANGE_DATA: "变更商户资料", "Change merchant details";
    PROGRAMS: "程序的密钥", "Keys of programs";
    PROGRAMS_NOTE: "您的收银或财务软件凭密钥读取数据、办理业务，与您本人登录一样只看得到这家商户。",
        "Your till or accounting software uses a key to read and act, and like you sees this merchant only.";
    PROGRAMS_MANAGE: "管理程序的密钥", "Manage keys of programs";
    PROGRAMS_NONE: "还没有密钥", "There is no key yet";
    PROGRAMS_NONE_HOW: "在下面写明用途，生成一把，交给您的软件。", "Say below what it is for, make one and give it to your software.";
    KEY_NEW: "生成一把密钥", "Make a key";
    KEY_NAME: "用途", "What it is for";
    KEY_NAME_HINT: "例如：收银软件对账。", "Such as: the till's daily accounts.";
    KEY_MAY: "可以做什么", "What it may do";
    KEY_READS: "只看：交易、每日对账、收款机状态和原因。", "Looks only: transactions, daily statements, terminals and why they stopped.";
    KEY_ACTS: "除了看，还能替您提交部分申请；材料、签署和变更账户仍由您本人办理。",
        "Looks, and opens some requests for you; papers, signing and changing the account stay with you.";
    KEY_MADE_NOW: "密钥已生成", "The key is made";
    KEY_ONCE: "只显示这一次。请现在复制到您的软件里；丢了就停用它，再生成一把。",
        "It is shown this once. Copy it into your software now; if it is lost, switch it off and make another.";
    KEY_ON_CALLS: "每次请求带上它", "Send it with every request";
    KEY_OFF_NOTE: "停用立即生效，不能恢复。", "Switching off takes effect at once and for good.";
    KEY_OFF: "停用", "Switch off";
    KEY_WORKS: "可用", "Works";
    KEY_ENDED: "已停用", "Switched off";
    made_by(who, when): "{who}，{when}", "{who}, {when}";
    SETTINGS: "显示", "Display";
    LANGUAGE: "语言", "Language";
    COLOURS: "配色", "Colours";
    SYSTEM: "跟随系统", "System";
    LIGHT: "浅色", "Light";
    DARK: "深色", "Dark";
}
