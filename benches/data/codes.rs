//! What real services write for each code: the vendor's table joined with the symbols and texts of the server's log.
//!
//! A copy by intent: expected counts must not come from the catalogue whose use they check.

/// One code, as logs spell it.
pub(crate) struct Row {
    pub(crate) code: i32,
    /// The vendor's description.
    pub(crate) description: &'static str,
    /// The symbol in the server's log, and the text beside it there. Not every code has one.
    pub(crate) symbol: Option<(&'static str, &'static str)>,
}

const fn named(code: i32, description: &'static str, symbol: &'static str, text: &'static str) -> Row {
    Row { code, description, symbol: Some((symbol, text)) }
}

const fn plain(code: i32, description: &'static str) -> Row {
    Row { code, description, symbol: None }
}

#[rustfmt::skip]
pub(crate) const ROWS: [Row; 71] = [
    named(1, "PIN Entered", "SUCCESS_WITH_PIN", "PIN Entered"),
    named(2, "No PIN Entered", "SUCCESS_NO_PIN", "Only # Entered"),
    named(3, "# Not Pressed After Entry", "SUCCESS_WITH_PIN_BUT_TIMEOUT", "# Not Pressed After Entry"),
    named(4, "No Phone Input - Timed Out", "SUCCESS_NO_PIN_BUT_TIMEOUT", "No Phone Input - Timed Out"),
    named(5, "PIN Expired and Not Changed", "SUCCESS_PIN_EXPIRED", "PIN Expired and Not Changed"),
    named(6, "Used Cache", "SUCCESS_USED_CACHE", "Used Cache"),
    named(7, "Bypassed Auth", "SUCCESS_BYPASSED_AUTH", "Bypassed Auth"),
    named(8, "Used Cache", "SUCCESS_USED_IP_BASED_CACHE", "Used IP-based Cache"),
    named(9, "Used Cache", "SUCCESS_USED_APP_BASED_CACHE", "Used App-based Cache"),
    plain(10, "Call Disconnected"),
    plain(11, "Call Timed Out"),
    named(12, "Invalid Phone Input", "SUCCESS_INVALID_INPUT", "Invalid Phone Input"),
    plain(13, "Got Voicemail"),
    named(14, "User is Blocked", "SUCCESS_USER_BLOCKED", "User is Blocked"),
    plain(15, "Status Pending"),
    plain(16, "Voiceprint Succeeded"),
    plain(17, "Voiceprint Enrolled"),
    plain(18, "Voiceprint Expired and Not Changed"),
    named(19, "Text Message Authenticated", "SUCCESS_SMS_AUTHENTICATED", "Text Message Authenticated"),
    named(20, "Text Message Sent", "SUCCESS_SMS_SENT", "Text Message Sent"),
    named(21, "Mobile App Authenticated", "SUCCESS_PHONE_APP_AUTHENTICATED", "Mobile App Authenticated"),
    named(22, "OATH Code Pending", "SUCCESS_OATH_CODE_PENDING", "OATH Code Pending"),
    named(23, "OATH Code Verified", "SUCCESS_OATH_CODE_VERIFIED", "OATH Code Verified"),
    named(24, "Fallback OATH Code Verified", "SUCCESS_FALLBACK_OATH_CODE_VERIFIED", "Fallback OATH Code Verified"),
    named(25, "Fallback Security Questions Answered", "SUCCESS_FALLBACK_SECURITY_QUESTIONS_ANSWERED", "Fallback Security Questions Answered"),
    plain(100, "Invalid Phone Number"),
    named(101, "Call Already In Progress", "FAILED_PHONE_BUSY", "Auth Already In Progress"),
    named(102, "Phone Unreachable", "CONFIG_ISSUE", "Phone Unreachable"),
    plain(103, "International Calls Not Allowed"),
    plain(104, "IN Mode Not Allowed"),
    plain(105, "Account Locked"),
    plain(106, "Invalid Message"),
    named(107, "Invalid Phone Number Format", "FAILED_INVALID_PHONENUMBER", "Invalid Phone Number Format"),
    named(108, "User Hung Up the Phone", "FAILED_USER_HUNGUP_ON_US", "User Hung Up the Phone"),
    plain(109, "Insufficient Balance"),
    plain(110, "Phone Extensions Not Allowed"),
    named(111, "Invalid Extension", "FAILED_INVALID_EXTENSION", "Invalid Extension"),
    named(112, "Fraud Code Entered", "FAILED_FRAUD_CODE_ENTERED", "Fraud Code Entered"),
    plain(113, "Rollover Not Allowed"),
    plain(114, "Return PIN Mode Not Allowed"),
    plain(115, "Event Confirmation Not Allowed"),
    plain(116, "Invalid Event Parameter"),
    named(117, "Unable to Place Call", "FAILED_SERVER_ERROR", "Unable to Place Call"),
    plain(118, "Voiceprint Failed"),
    plain(119, "Voiceprint Mode Not Allowed"),
    named(120, "Text Message Could Not Be Sent", "FAILED_SMS_NOT_SENT", "Text Message Could Not Be Sent"),
    plain(121, "No Text Message Reply Received"),
    named(122, "Text Message OTP Incorrect", "FAILED_SMS_OTP_INCORRECT", "Text Message OTP Incorrect"),
    named(123, "Text Message OTP + PIN Incorrect", "FAILED_SMS_OTP_PIN_INCORRECT", "Text Message OTP + PIN Incorrect"),
    plain(124, "Text Message Mode Not Allowed"),
    plain(125, "Localization Not Allowed"),
    plain(126, "User Licenses Exceeded"),
    plain(127, "Text Message User Licenses Exceeded"),
    plain(128, "Voiceprint User Licenses Exceeded"),
    named(129, "Mobile App Denied", "FAILED_PHONE_APP_DENIED", "Mobile App Denied"),
    named(130, "Mobile App Invalid PIN", "FAILED_PHONE_APP_INVALID_PIN", "Mobile App Invalid PIN"),
    named(131, "Mobile App PIN Not Changed", "FAILED_PHONE_APP_PIN_NOT_CHANGED", "Mobile App PIN Not Changed"),
    named(132, "Fraud Reported", "FAILED_FRAUD_REPORTED", "Fraud Reported"),
    named(133, "Mobile App No Response", "FAILED_PHONE_APP_NO_RESPONSE", "Mobile App No Response"),
    plain(134, "Mobile App Mode Not Allowed"),
    named(135, "Mobile App All Devices Blocked", "FAILED_PHONE_APP_ALL_DEVICES_BLOCKED", "Mobile App All Devices Blocked"),
    named(136, "Mobile App Notification Failed", "FAILED_PHONE_APP_NOTIFICATION_FAILED", "Mobile App Notification Failed"),
    named(137, "Mobile App Invalid Result", "FAILED_PHONE_APP_INVALID_RESULT", "Mobile App Invalid Result"),
    named(138, "OATH Code Incorrect", "FAILED_OATH_CODE_INCORRECT", "OATH Code Incorrect"),
    named(139, "Duplicate OATH Code", "FAILED_OATH_CODE_DUPLICATE", "Duplicate OATH Code"),
    named(140, "OATH Code Out of Date", "FAILED_OATH_CODE_OLD", "OATH Code Out of Date"),
    plain(141, "OATH Token Mode Not Allowed"),
    named(142, "OATH Code Result Timeout", "FAILED_OATH_TOKEN_TIMEOUT", "OATH Code Result Timeout"),
    named(143, "Security Questions Result Timeout", "FAILED_SECURITY_QUESTIONS_TIMEOUT", "Security Questions Result Timeout"),
    named(144, "Auth Result Timeout", "FAILED_AUTH_RESULT_TIMEOUT", "Auth Result Timeout"),
    plain(145, "Device Registration Changed"),
];
