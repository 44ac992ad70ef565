//! What can be wrong with an identifier, said in both languages. No problem carries what was typed beyond a single
//! character that cannot belong to a true value.

use crate::names::{Lang, Text};

/// Which characters an identifier consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letters {
    /// 0–9.
    Digits,
    /// 0–9 with an X allowed at the end.
    DigitsThenX,
    /// 0–9 and A–Z without I, O, S, V, Z.
    UnifiedCode,
    /// Letters of any script, the dot between parts of a name, spaces, hyphens.
    Name,
}

impl Letters {
    fn text(self) -> Text {
        match self {
            Self::Digits => Text::new("数字", "digits"),
            Self::DigitsThenX => Text::new("数字，最后一位可以是 X", "digits, the last may be an X"),
            Self::UnifiedCode => Text::new(
                "数字和大写字母，但没有 I、O、S、V、Z",
                "digits and capital letters except I, O, S, V, Z",
            ),
            Self::Name => Text::new("文字和间隔号 ·", "letters and the dot ·"),
        }
    }
}

/// Why a text is not the identifier it was read as.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message(Lang::En))]
pub enum IdentifierError {
    /// Nothing was typed.
    Empty,
    /// Too short or too long.
    Length {
        /// The fewest characters.
        least: usize,
        /// The most characters.
        most: usize,
        /// How many there are.
        found: usize,
    },
    /// A character that cannot stand there.
    Character {
        /// Where, from 1.
        position: usize,
        /// The character.
        found: char,
        /// What may stand there.
        allowed: Letters,
    },
    /// The check character does not fit the others: somewhere a character is wrong or two are swapped.
    CheckDigit {
        /// What it would have to be if all others are right; never given for identifiers of people.
        expected: Option<char>,
    },
    /// The birth date in it does not exist.
    Date,
    /// The birth date in it has not come yet.
    FutureDate,
    /// The first two digits are no province.
    Province,
    /// A number of the right form that nobody has, like all zeros.
    Placeholder,
    /// A 15-digit number of the first generation, no longer an identity document.
    FirstGeneration,
    /// A mobile number that does not start with 13 to 19.
    MobilePrefix,
}

impl IdentifierError {
    /// A stable key for programs: `identifier.length`.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Empty => "identifier.empty",
            Self::Length { .. } => "identifier.length",
            Self::Character { .. } => "identifier.character",
            Self::CheckDigit { .. } => "identifier.check_digit",
            Self::Date => "identifier.date",
            Self::FutureDate => "identifier.future_date",
            Self::Province => "identifier.province",
            Self::Placeholder => "identifier.placeholder",
            Self::FirstGeneration => "identifier.first_generation",
            Self::MobilePrefix => "identifier.mobile_prefix",
        }
    }

    /// What is wrong and what to do, in both languages.
    pub fn text(&self) -> Text {
        match self {
            Self::Empty => Text::new("请填写", "fill this in"),
            Self::Length { least, most, found } if least == most => Text::new(
                format!("应为 {least} 位，现在是 {found} 位"),
                format!("must have {least} characters; this has {found}"),
            ),
            Self::Length { least, most, found } => Text::new(
                format!("应为 {least} 至 {most} 位，现在是 {found} 位"),
                format!("must have {least} to {most} characters; this has {found}"),
            ),
            Self::Character {
                position,
                found,
                allowed,
            } => wrong_character(*position, *found, *allowed),
            Self::CheckDigit { expected: None } => Text::new(
                "校验不通过：有一位写错，或者两位颠倒，请逐位核对",
                "the check digit does not fit: one character is wrong or two are swapped; compare them one by one",
            ),
            Self::CheckDigit {
                expected: Some(expected),
            } => Text::new(
                format!("校验不通过：如果前面各位无误，最后一位应为 {expected}，请逐位核对"),
                format!(
                    "the check character does not fit: if all others are right, the last must be {expected}; compare them one by one"
                ),
            ),
            Self::Date => Text::new(
                "其中的出生日期不存在，请核对第 7 至 14 位",
                "the birth date in it does not exist; compare digits 7 to 14",
            ),
            Self::FutureDate => Text::new(
                "其中的出生日期还没有到，请核对第 7 至 14 位",
                "the birth date in it lies in the future; compare digits 7 to 14",
            ),
            Self::Province => Text::new(
                "前两位不是省级行政区代码，请核对",
                "the first two digits are not a province; compare them",
            ),
            Self::Placeholder => Text::new(
                "这是占位号码，请填写真实号码",
                "this is a placeholder; enter the real number",
            ),
            Self::FirstGeneration => Text::new(
                "15 位的第一代身份证号码已停用，请填写现行证件上的 18 位号码",
                "15-digit numbers of first-generation cards are no longer valid; enter the 18 digits of the current card",
            ),
            Self::MobilePrefix => Text::new(
                "手机号码以 13 至 19 开头，请核对前两位",
                "a mobile number starts with 13 to 19; compare the first two digits",
            ),
        }
    }

    /// What is wrong and what to do, in one language.
    pub fn message(&self, lang: Lang) -> String {
        self.text().get(lang).to_owned()
    }
}

/// Characters often typed for another that looks alike.
const LOOK_ALIKES: [(char, char); 5] = [('O', '0'), ('I', '1'), ('S', '5'), ('Z', '2'), ('L', '1')];

fn wrong_character(position: usize, found: char, allowed: Letters) -> Text {
    let rule = allowed.text();
    let alike = LOOK_ALIKES
        .iter()
        .find(|(typed, _)| *typed == found && allowed != Letters::Name)
        .map(|(_, meant)| Text::new(format!("，是不是数字 {meant}？"), format!("; is it the digit {meant}?")))
        .unwrap_or_default();
    Text::new(
        format!("第 {position} 位“{found}”不对：这里只有{}{}", rule.zh, alike.zh),
        format!(
            "character {position}, `{found}`, cannot stand there: only {}{}",
            rule.en, alike.en
        ),
    )
}

/// What a person should look at although the identifier is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentifierWarning {
    /// A unified code whose subject code fails its own, older check. Some registrars issue such.
    InnerCheck,
    /// A check digit that does not fit, in a kind of number where a few true ones fail.
    CheckDigit {
        /// What it would have to be.
        expected: char,
    },
    /// All zeros where a subject is named.
    Placeholder,
    /// An area code of no known province.
    UnknownArea,
    /// A registering department and category that are not in the table.
    UnknownRegistrar,
    /// A bank code that is not in the table.
    UnknownBank,
    /// A merchant number that does not follow the 3-4-4-4 plan; other institutions issue such.
    OtherPlan,
    /// An acquirer code of zeros.
    NoAcquirer,
    /// A device type code that is not in the list.
    UnknownDeviceType,
    /// A serial number that does not begin with six digits of vendor and two of type.
    NoVendor,
}

impl IdentifierWarning {
    /// A stable key for programs: `identifier.inner_check`.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::InnerCheck => "identifier.inner_check",
            Self::CheckDigit { .. } => "identifier.check_digit",
            Self::Placeholder => "identifier.placeholder",
            Self::UnknownArea => "identifier.unknown_area",
            Self::UnknownRegistrar => "identifier.unknown_registrar",
            Self::UnknownBank => "identifier.unknown_bank",
            Self::OtherPlan => "identifier.other_plan",
            Self::NoAcquirer => "identifier.no_acquirer",
            Self::UnknownDeviceType => "identifier.unknown_device_type",
            Self::NoVendor => "identifier.no_vendor",
        }
    }

    /// What to look at, in both languages.
    pub fn text(&self) -> Text {
        match self {
            Self::InnerCheck => Text::new(
                "第 17 位与主体代码的校验不符；少数登记机关确有这样的代码，请对照证照",
                "character 17 does not fit the subject code; a few registrars issue such codes: compare with the licence",
            ),
            Self::CheckDigit { expected } => Text::new(
                format!("最后一位通常应为 {expected}；请向开户行核对"),
                format!("the last digit would usually be {expected}; confirm with the bank"),
            ),
            Self::Placeholder => Text::new(
                "主体代码全为零，像是占位号码",
                "the subject code is all zeros and looks like a placeholder",
            ),
            Self::UnknownArea => Text::new("其中的行政区划不在表中", "the area in it is not in the table"),
            Self::UnknownRegistrar => Text::new(
                "登记管理部门和机构类别不在表中",
                "the registering department and category are not in the table",
            ),
            Self::UnknownBank => Text::new("银行代码不在表中", "the bank code is not in the table"),
            Self::OtherPlan => Text::new(
                "不是 3-4-4-4 的编号规则，可能由其他机构编发",
                "does not follow the 3-4-4-4 plan; another institution may have issued it",
            ),
            Self::NoAcquirer => Text::new("收单机构代码为 000", "the acquirer code is 000"),
            Self::UnknownDeviceType => Text::new("设备类型代码不在列表中", "the device type code is not in the list"),
            Self::NoVendor => Text::new(
                "开头不是 6 位厂商代码和 2 位设备类型",
                "does not begin with six digits of vendor and two of device type",
            ),
        }
    }

    /// What to look at, in one language.
    pub fn message(&self, lang: Lang) -> String {
        self.text().get(lang).to_owned()
    }
}
