//! Words of the public pages.

words! {
    // Front
    FRONT_TITLE: "查一查这台 POS", "Look up a POS";
    FRONT_LEAD: "POS 用不了，或者担心它快要停用：在这里能看到原因、还能用什么、怎样恢复、多久恢复。不用登录。",
        "A POS that does not work, or soon may not: see why, what still works, what brings it back and by when. No sign-in needed.";
    BOX_LABEL: "输入 POS 上的 6 位原因码，或机具序列号", "Six-character code from the POS, or the machine's serial number";
    BOX_HINT: "原因码印在交易凭条末尾，例如 7K3-M9Q；序列号在机身背面的标签上。不分大小写。",
        "The code stands at the end of the slip, for example 7K3-M9Q; the serial number is on the label at the back. Capitals or not.";
    BOX_BUTTON: "查看原因", "Show why";
    SLIP_PICTURE: "交易凭条示意：原因码印在末尾", "A slip: the code is printed at its end";
    SLIP_DECLINED: "交易未成功", "DECLINED";
    SLIP_CODE: "原因码", "CODE";
    FIND_EMPTY: "请先输入原因码或序列号。", "Type a code or a serial number first.";
    FIND_UNREADABLE: "这既不是 6 位原因码，也不像序列号。原因码只有 6 位字母和数字；序列号照机身标签逐位输入，不含空格。",
        "This is neither a six-character code nor a serial number. A code has six letters and digits; copy a serial number from the label, without spaces.";
    SERIAL_UNKNOWN: "没有序列号是这一串的机具。请对照机身背面的标签逐位核对；标签上有多个号码的，用标着 SN 的那个。",
        "There is no machine with this serial number. Compare it with the label at the back; where there are several numbers, take the one marked SN.";
    SERIAL_UNBOUND: "这台机具在我们这里登记过，但还没有开通给任何商户，不能收款。请把它交给开通它的服务商，或致电客服热线。",
        "We know this machine, but no merchant has it in service, so it cannot take payments. Hand it to the agent who was to set it up, or call the hotline.";
    SERVICE_CARDS: "刷卡交易", "Card payments";
    SERVICE_QR: "二维码交易", "QR payments";
    SERVICE_PAYOUTS: "结算出款", "Payouts";
    SERVICE_TERMINALS: "终端签到与下载", "Terminal sign-in and downloads";
    SERVICE_PORTAL: "商户平台", "Merchant portal";
    SERVICE_NOW: "服务状态", "Service status";
    SERVICE_ALL_WELL: "各项服务正常", "All services work";
    SERVICE_SOME: "部分服务受影响", "Some services are affected";
    PLANNED: "计划维护", "Planned maintenance";
    NOTHING_PLANNED: "近期没有计划维护。安排了维护，会提前在这里写明时间和影响。",
        "No maintenance is planned. When it is, its time and effect stand here beforehand.";
    STATUS_MORE: "查看全部状态", "All services";
    OFFICIAL: "怎样认出官方", "Who is official";
    OFFICIAL_LEAD: "只有下面这些是我们。接到自称官方的电话或访问，先核对再办理。",
        "Only these are us. If someone calls or visits in our name, compare first.";
    OFFICIAL_SITE: "官方网址", "Official site";
    OFFICIAL_SMS: "短信号码", "SMS come from";
    OFFICIAL_LICENCE: "支付业务许可证", "Payment licence";
    OFFICIAL_NEVER: "我们的人从不索要银行卡密码、短信验证码，不要求转账到个人账户，也不收“激活费”“解冻费”。",
        "Our people never ask for card PINs or SMS codes, for transfers to a personal account, or for an “activation” or “unfreezing” fee.";
    MERCHANT_ENTRANCE: "商户登录", "Merchant sign-in";

    // Explanation
    explanation_title(code): "原因码 {code}", "Code {code}";
    SERIAL_TITLE: "机具状态", "Machine status";
    WHY: "为什么", "Why";
    WHY_ONE: "为什么", "Why";
    ROOT_FIRST: "最根本的原因在前。全部解除后才能恢复。", "The root cause comes first. All of them must be lifted.";
    WHAT_WORKS: "能用什么，不能用什么", "What works and what does not";
    PLAN: "怎样恢复", "How it comes back";
    ready_by(when): "每一步都按时办完，预计{when}恢复。", "If every step keeps its time, it works again {when}.";
    NOTHING_TO_DO: "目前没有需要办理的步骤。", "There is nothing to do.";
    COMING: "接下来会发生的", "What is coming";
    TWO_WAYS: "接着办理", "Go on from here";
    WAY_SIGN_IN: "商户登录办理", "Merchant: sign in";
    WAY_SIGN_IN_TEXT: "登录后能看到详细情况，上传材料、签字、缴费都在手机上完成。",
        "Signed in you see the details; documents, signatures and payments are done on the phone.";
    WAY_CALL: "打电话，报原因码", "Call and say the code";
    WAY_CALL_TEXT: "客服凭原因码看到的与这一页相同，不用从头说起。",
        "With the code the desk sees what you see; no need to start from the beginning.";
    YOUR_CODE: "原因码", "Code";
    as_of(when): "以上为 {when} 的情况，状态变了这里会跟着变。", "As of {when}; this page follows every change.";
    PRIVACY: "这里不显示商户名称、号码和金额。", "No names, numbers or amounts are shown here.";
    PRINT: "打印这一页", "Print this page";
    QR_LABEL: "扫码打开这一页", "Scan to open this page";
    COPY_LINK: "复制链接", "Copy the link";

    // Code not known
    CODE_GONE_TITLE: "没有找到这个原因码", "This code is not known";
    code_gone(code): "“{code}”不是有效的原因码，或者已经过期。原因码只保留一段时间，过期后用新的凭条再查。",
        "“{code}” is not a valid code, or it has expired. Codes are kept for a limited time; a new slip carries a new one.";
    WHAT_NOW: "可以这样做", "What you can do";
    GONE_COMPARE: "对照凭条再输一次。原因码由数字和字母组成，没有字母 I、L、O、U；看着像的，按数字 1 和 0 输入即可。",
        "Compare with the slip. Codes have no letters I, L, O or U; what looks like one is the digit 1 or 0.";
    GONE_FRESH: "在 POS 上再做一笔小额交易，新的凭条会印出新的原因码。不成功的交易不会扣款。",
        "Try a small sale on the POS: the new slip carries a new code. A declined sale takes no money.";
    GONE_SERIAL: "没有凭条，就输入机身背面的序列号。", "Without a slip, enter the serial number from the back of the machine.";
    GONE_SIGN_IN: "商户登录后，首页直接显示每台收款机的情况。", "Merchants see every terminal on their home page after signing in.";

    // Status
    STATUS_TITLE: "服务状态", "Service status";
    checked_at(when): "{when} 检查", "Checked {when}";
    LIVE_NOW: "正在影响服务的情况", "What affects services now";
    STATUS_OWN: "这里是平台整体的状态。某一台 POS 的情况，用凭条上的原因码查询。",
        "This is the platform as a whole. For one POS use the code on its slip.";

    // Login
    LOGIN_TITLE: "登录", "Sign in";
    LOGIN_NAME: "登录名", "Login";
    LOGIN_NAME_HINT: "手机号或分配给您的登录名", "Your mobile number or the login you were given";
    PASSWORD: "密码", "Password";
    SHOW_PASSWORD: "显示密码", "Show password";
    LOGIN_BUTTON: "登录", "Sign in";
    LOGIN_FORGOT: "忘记密码，请由店主在“我的”里重设；店主忘记的，致电客服热线核实身份后重设。",
        "Forgotten the password? The owner resets it under “Me”; owners call the hotline, which verifies who they are.";
    LOGIN_WRONG: "登录名或密码不对。请核对后再试；连续 5 次不对会暂停登录 15 分钟。",
        "Login or password is not right. Please compare and try again; after five misses signing in pauses for 15 minutes.";
    LOGIN_BACK: "登录后回到刚才的页面。", "After signing in you return to where you were.";
    CODE_TITLE: "输入验证码", "Enter the code";
    CODE_LEAD: "打开验证器应用，输入当前显示的 6 位数字。", "Open your authenticator and enter the six digits it shows now.";
    CODE_LABEL: "6 位验证码", "Six-digit code";
    CODE_BUTTON: "确认", "Confirm";
    CODE_WRONG: "验证码不对或已经用过。请等验证器显示下一组数字再输入；同时核对手机时间是否准确。",
        "The code is not right or was used already. Wait for the next one, and see that the phone's clock is right.";
    SESSIONS_TITLE: "在哪些地方登录着", "Where you are signed in";
    SESSIONS_NOTE: "不认识的，先结束它，再改密码。手机丢了，换一台设备登录后在这里结束其他登录。",
        "End what you do not recognise, then change your password. If a phone is lost, sign in elsewhere and end the others here.";
    SESSION_BEGAN: "登录于", "Signed in";
    SESSION_SEEN: "最后使用", "Last used";
    SESSION_ENDS: "最晚结束于", "Ends by";
    SESSION_THIS: "这一次", "This one";
    END_SESSION: "结束", "End it";
    END_OTHERS: "结束其他全部登录", "End all others";
    TO_OWN_PAGES: "回到我的首页", "To my home page";
    DEMO_ACCOUNTS: "演示账户", "Demonstration accounts";
    DEMO_CODE: "演示环境没有验证器，现在的验证码是", "The demonstration has no authenticator; the code now is";
    DEMO_TOTP: "员工账户的验证码会显示在下一页。", "For staff the next page shows the code of now.";
    demo_more(count): "其余 {count} 个账户", "{count} more accounts";
    demo_enter(role): "以{role}登录", "Sign in as {role}";

    // Problems
    P400: "提交的内容无法读取", "What was sent cannot be read";
    P400_WHAT: "请求不完整或格式不对，没有改动任何数据。", "The request is incomplete or malformed; nothing was changed.";
    P400_DO: "回到上一页，重新打开再试一次。", "Go back, open the page anew and try once more.";
    P401: "需要先登录", "Sign in first";
    P401_WHAT: "登录已经结束，或者还没有登录；刚才提交的内容没有保存。", "You are not signed in, or were signed out meanwhile; what you just sent was not saved.";
    P401_DO: "登录后回到这一页再提交；填写的内容保留在这台设备上。", "Sign in, come back and send it again; what you typed is kept on this device.";
    P413: "文件太大", "The file is too large";
    P413_WHAT: "单个文件最多 8 MB，这次上传没有保存。", "A file may have 8 MB at most; this one was not saved.";
    P413_DO: "回到上一页，重新拍一张，或把图片缩小、PDF 分开后再传。", "Go back and take the picture again, make it smaller, or split the PDF.";
    P403: "没有权限打开这一页", "This page is not open to you";
    P403_WHAT: "您的角色不包含这一页或这项操作。", "Your role does not include this page or action.";
    P403_DO: "需要办理的，请由店主或有权限的同事操作；如果登录的不是本人，先退出再登录。",
        "Ask the owner or a colleague whose role allows it. If this is not your login, sign out first.";
    BLOCKED: "这项功能现在停用", "This is stopped at present";
    BLOCKED_WHAT: "因为下面的原因，现在不能这样办理；没有改动任何数据。", "It cannot be done now, for the causes below. Nothing was changed.";
    BLOCKED_DO: "先看原因和恢复的步骤；原因解除后再来办理。", "Look at the causes and the steps that settle them, then come back.";
    P404: "没有找到这一页", "Page not found";
    P404_WHAT: "地址可能抄错了，或者这项内容不属于当前登录的商户。", "The address may be mistyped, or what it names does not belong to the merchant signed in.";
    P404_DO: "回到首页，从那里找到要看的内容。", "Go back to the start and find it from there.";
    P409: "情况已经变了", "Things have moved on";
    P409_WHAT: "在您打开这一页之后，别人或系统已经办理了这一步。什么都没有重复提交。",
        "Since you opened this page someone, or the system, has dealt with this. Nothing was done twice.";
    P409_DO: "打开最新的页面，看看现在轮到谁。", "Open the page anew and see whose turn it is now.";
    P422: "有几处需要改正", "A few things to correct";
    P422_WHAT: "提交的内容没有保存，下面逐项写明了哪里不对。", "Nothing was saved. Below is what is wrong, item by item.";
    P422_DO: "回到上一页改正后再提交，已填的内容还在。", "Go back and correct it; what you typed is still there.";
    P429: "查得太快了", "Too many tries";
    P429_WHAT: "为防止有人逐个试码，每分钟的查询次数有限。", "To keep codes from being guessed, look-ups per minute are limited.";
    P429_DO: "一分钟后再试。着急的，直接打客服热线并报原因码。", "Try again in a minute. If it is urgent, call the hotline and say the code.";
    P500: "我们这边出了问题", "Something failed on our side";
    P500_WHAT: "这次操作没有完成，也没有改动任何数据。值班人员已经收到记录。",
        "What you asked was not done and nothing was changed. The people on duty have been notified.";
    P500_DO: "先看服务状态；过几分钟重做一次是安全的，不会重复办理。",
        "See the service status; repeating it in a few minutes is safe and does nothing twice.";
    P503: "正在忙，请求没有收下", "Busy: the request was not taken";
    P503_WHAT: "同时办理的人很多，这次请求没有收下，也没有改动任何数据。",
        "Many people are at it at once; your request was not taken and nothing was changed.";
    P503_DO: "几秒钟后重做一次即可。", "Repeat it in a few seconds.";
    TRACE: "记录编号", "Trace";
    TO_FRONT: "回到首页", "To the start";
    TO_STATUS: "查看服务状态", "Service status";
    RELOAD: "打开最新页面", "Open the page anew";
    CAUSES_ARE: "原因", "Causes";
}
