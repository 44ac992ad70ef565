//! The table of kinds. It holds the rows that two independent sources agree on; reservation, instalment, points and
//! mail-order transactions, known from one source only, are not in it and so are refused.

use super::Key::{Financial, Management, Mti, Type};
use super::Side::{Credit, Debit, Neither};
use super::{Key, KindRow};

macro_rules! kinds {
    ($($kind:ident $en:literal $zh:literal $request:literal $key:expr, $mac:expr, $reversible:expr, $side:expr,
       $mandatory:expr, $echoed:expr;)*) => {
        /// Kinds of messages.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind {
            $(#[doc = concat!($en, " ", $zh, " (", $request, ")")] $kind,)*
        }

        /// All kinds, in the order of [`Kind`]. Where two rows fit a message, the first one counts.
        pub static KINDS: [KindRow; [$(Kind::$kind),*].len()] = [
            $(KindRow {
                kind: Kind::$kind,
                en: $en,
                zh: $zh,
                request: $request,
                key: $key,
                mac: $mac,
                reversible: $reversible,
                side: $side,
                mandatory: $mandatory,
                echoed: $echoed,
            },)*
        ];
    };
}

const fn card(processing: &'static str, condition: &'static str, transaction: u8) -> Key {
    Financial {
        processing,
        condition,
        transaction,
        scanned: false,
    }
}

const fn code(processing: &'static str, condition: &'static str, transaction: u8) -> Key {
    Financial {
        processing,
        condition,
        transaction,
        scanned: true,
    }
}

const MAC: bool = true;
const BARE: bool = false;
/// A terminal without an answer sends a reversal.
const REVERSED: bool = true;
const ONCE: bool = false;

// Requests.
const BALANCE: &[u8] = &[2, 3, 11, 22, 25, 41, 42, 49, 53, 60, 64];
const SALE: &[u8] = &[2, 3, 4, 11, 22, 25, 41, 42, 49, 53, 60, 64];
const VOID: &[u8] = &[2, 3, 4, 11, 22, 25, 37, 41, 42, 49, 53, 60, 61, 64];
const ON_PREAUTH: &[u8] = &[2, 3, 4, 11, 22, 25, 38, 41, 42, 49, 53, 60, 61, 64];
const COMPLETION_VOID: &[u8] = &[2, 3, 4, 11, 22, 25, 37, 38, 41, 42, 49, 53, 60, 61, 64];
const REFUND: &[u8] = &[2, 3, 4, 11, 22, 25, 37, 41, 42, 49, 53, 60, 61, 63, 64];
const OFFLINE: &[u8] = &[2, 3, 4, 11, 22, 25, 41, 42, 49, 60, 64];
const SCANNED: &[u8] = &[3, 4, 11, 22, 25, 41, 42, 49, 59, 60, 64];
const REVERSAL: &[u8] = &[2, 3, 4, 11, 22, 25, 39, 41, 42, 49, 60, 64];
/// Offline sales are told by card and amount; what adjusts one names it.
const ADJUST: &[u8] = &[2, 3, 4, 11, 22, 25, 41, 42, 49, 60, 61, 64];
const SCRIPT: &[u8] = &[2, 3, 4, 11, 22, 23, 37, 41, 42, 49, 55, 60, 61, 64];
const SIGN_IN: &[u8] = &[11, 41, 42, 60, 62, 63];
const SIGN_OFF: &[u8] = &[11, 41, 42, 60];
const PLAIN: &[u8] = &[41, 42, 60];
const SETTLE: &[u8] = &[11, 41, 42, 48, 49, 60, 63];
const UPLOAD: &[u8] = &[11, 41, 42, 48, 60];
const DETAIL: &[u8] = &[2, 3, 4, 11, 41, 42, 60];
const SIGNATURE: &[u8] = &[2, 4, 11, 37, 41, 42, 60, 62, 64];
// What answers take over.
const FROM_CARD: &[u8] = &[2, 3, 4, 11, 14, 23, 25, 41, 42, 49, 60];
const FROM_TERMINAL: &[u8] = &[11, 41, 42, 60];
const FROM_SETTLE: &[u8] = &[11, 41, 42, 49, 60];
const FROM_UPLOAD: &[u8] = &[11, 41, 42, 48, 60];
const FROM_SIGNATURE: &[u8] = &[11, 37, 41, 42, 60];

#[rustfmt::skip]
kinds! {
    // Code 006 (SM4 keys) is known from one back end only.
    SignIn "sign-in" "签到" "0800" Management(&[1, 3, 4, 6]), BARE, ONCE, Neither, SIGN_IN, FROM_TERMINAL;
    SignOff "sign-off" "签退" "0820" Management(&[2]), BARE, ONCE, Neither, SIGN_OFF, FROM_TERMINAL;
    Echo "echo test" "回响测试" "0820" Management(&[301]), BARE, ONCE, Neither, PLAIN, PLAIN;
    ParameterDownload "parameter download" "参数下载" "0800" Management(&[360]), BARE, ONCE, Neither, PLAIN, PLAIN;
    ParameterEnd "end of parameter download" "参数下载结束" "0800" Management(&[361]), BARE, ONCE, Neither, PLAIN, PLAIN;
    StatusUpload "terminal status upload" "终端状态上送" "0820" Management(&[362]), BARE, ONCE, Neither, PLAIN, PLAIN;
    TmsDownload "TMS parameter download" "TMS参数下载" "0800" Management(&[364]), BARE, ONCE, Neither, PLAIN, PLAIN;
    TmsEnd "end of TMS parameter download" "TMS参数下载结束" "0800" Management(&[365]), BARE, ONCE, Neither, PLAIN, PLAIN;
    PublicKeyDownload "CA public key download" "公钥下载" "0800" Management(&[370]), BARE, ONCE, Neither, PLAIN, PLAIN;
    PublicKeyEnd "end of CA public key download" "公钥下载结束" "0800" Management(&[371]), BARE, ONCE, Neither, PLAIN, PLAIN;
    PublicKeyQuery "CA public key query" "公钥查询" "0820" Management(&[372]), BARE, ONCE, Neither, PLAIN, PLAIN;
    ChipParameterDownload "chip parameter download" "IC卡参数下载" "0800" Management(&[380]), BARE, ONCE, Neither, PLAIN, PLAIN;
    ChipParameterEnd "end of chip parameter download" "IC卡参数下载结束" "0800" Management(&[381]), BARE, ONCE, Neither, PLAIN, PLAIN;
    ChipParameterQuery "chip parameter query" "IC卡参数查询" "0820" Management(&[382]), BARE, ONCE, Neither, PLAIN, PLAIN;
    BlacklistDownload "blacklist download" "黑名单下载" "0800" Management(&[390]), BARE, ONCE, Neither, PLAIN, PLAIN;
    BlacklistEnd "end of blacklist download" "黑名单下载结束" "0800" Management(&[391]), BARE, ONCE, Neither, PLAIN, PLAIN;
    // Makers differ in everything but the code; 400 comes with 60.1 = 96.
    MasterKeyDownload "master key download" "主密钥下载" "0800" Key::Code(&[400, 420, 960]), BARE, ONCE, Neither, PLAIN, PLAIN;
    ContactlessDownload "contactless parameter download" "非接参数下载" "0800" Management(&[394]), BARE, ONCE, Neither, PLAIN, PLAIN;
    ContactlessEnd "end of contactless parameter download" "非接参数下载结束" "0800" Management(&[395]), BARE, ONCE, Neither, PLAIN, PLAIN;

    Settle "batch settlement" "批结算" "0500" Management(&[201]), BARE, ONCE, Neither, SETTLE, FROM_SETTLE;
    BatchUpload "batch upload" "批上送" "0320" Management(&[201]), BARE, ONCE, Neither, UPLOAD, FROM_UPLOAD;
    BatchEndUnbalanced "end of batch upload, not balanced" "批上送结束(不平)" "0320" Management(&[202]), BARE, ONCE, Neither, UPLOAD, FROM_UPLOAD;
    BatchEndBalanced "end of batch upload, balanced" "批上送结束(平)" "0320" Management(&[207]), BARE, ONCE, Neither, UPLOAD, FROM_UPLOAD;
    // 203 and 204 after a balanced settlement, 205 and 206 after an unbalanced one.
    BatchChipDetail "upload of a chip transaction" "IC卡明细批上送" "0320" Management(&[203, 205]), BARE, ONCE, Neither, SIGN_OFF, FROM_TERMINAL;
    BatchChipFailed "upload of a failed chip transaction" "IC卡失败明细批上送" "0320" Management(&[204, 206]), BARE, ONCE, Neither, SIGN_OFF, FROM_TERMINAL;
    BatchNotice "upload of a notice" "通知类批上送" "0320" Key::Detail, BARE, ONCE, Neither, DETAIL, FROM_TERMINAL;
    ScriptNotice "chip script result" "脚本通知" "0620" Management(&[951]), MAC, ONCE, Neither, SCRIPT, FROM_TERMINAL;
    Signature "electronic signature" "电子签名上送" "0820" Type(7), MAC, ONCE, Neither, SIGNATURE, FROM_SIGNATURE;

    Balance "balance" "余额查询" "0200" card("31", "00", 1), MAC, ONCE, Neither, BALANCE, FROM_CARD;
    PreAuth "pre-authorisation" "预授权" "0100" card("03", "06", 10), MAC, REVERSED, Neither, SALE, FROM_CARD;
    PreAuthVoid "void of a pre-authorisation" "预授权撤销" "0100" card("20", "06", 11), MAC, REVERSED, Neither, ON_PREAUTH, FROM_CARD;
    Completion "completion" "预授权完成(请求)" "0200" card("00", "06", 20), MAC, REVERSED, Debit, ON_PREAUTH, FROM_CARD;
    CompletionVoid "void of a completion" "预授权完成撤销" "0200" card("20", "06", 21), MAC, REVERSED, Credit, COMPLETION_VOID, FROM_CARD;
    QrSale "sale by scanned code" "扫码消费" "0200" code("00", "00", 22), MAC, REVERSED, Debit, SCANNED, FROM_CARD;
    Sale "sale" "消费" "0200" card("00", "00", 22), MAC, REVERSED, Debit, SALE, FROM_CARD;
    Void "void" "消费撤销" "0200" card("20", "00", 23), MAC, REVERSED, Credit, VOID, FROM_CARD;
    CompletionNotice "completion notice" "预授权完成(通知)" "0220" card("00", "06", 24), MAC, ONCE, Debit, ON_PREAUTH, FROM_CARD;
    Refund "refund" "退货" "0220" card("20", "00", 25), MAC, ONCE, Credit, REFUND, FROM_CARD;
    OfflineSale "offline sale" "离线结算" "0220" card("00", "00", 30), MAC, ONCE, Debit, OFFLINE, FROM_CARD;
    OfflineAdjust "offline adjustment" "离线调整" "0220" card("00", "00", 32), MAC, ONCE, Debit, ADJUST, FROM_CARD;
    TipAdjust "tip adjustment" "小费调整" "0220" card("00", "00", 34), MAC, ONCE, Debit, ADJUST, FROM_CARD;
    ChipOffline "offline sale by chip" "电子现金脱机消费" "0200" card("00", "00", 36), MAC, ONCE, Debit, OFFLINE, FROM_CARD;
    // Whether loads count in a settlement is not settled among hosts: here they do not.
    LoadSpecified "load from the specified account" "指定账户圈存" "0200" card("60", "91", 45), MAC, REVERSED, Neither, OFFLINE, FROM_CARD;
    LoadCash "load with cash" "现金充值" "0200" card("63", "91", 46), MAC, REVERSED, Neither, OFFLINE, FROM_CARD;
    LoadOther "load from another account" "非指定账户圈存" "0200" card("62", "91", 47), MAC, REVERSED, Neither, OFFLINE, FROM_CARD;
    LoadCashVoid "void of a cash load" "现金充值撤销" "0200" card("17", "91", 51), MAC, REVERSED, Neither, ADJUST, FROM_CARD;
    Reversal "reversal" "冲正" "0400" Mti, MAC, ONCE, Neither, REVERSAL, FROM_CARD;
}

/// [`Kind::row`] relies on the order of the table.
const _: () = {
    let mut place = 0;
    while place < KINDS.len() {
        assert!(KINDS[place].kind as usize == place);
        place += 1;
    }
};
