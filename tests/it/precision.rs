//! Tests that logs of other programs hold no result.
//!
//! Each program has templates of its lines, written after its public documentation and public logs of it, and each log is a thousand
//! such lines with varying numbers, many of which are those of codes. Lines that speak of a call status of another program are near
//! misses, and each of these templates was judged by hand.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use callcodes::catalogue::Catalogue;
use callcodes::config;
use callcodes::pattern::PatternSet;
use callcodes::pipeline::{self, sign_ins};
use callcodes::source::Walk;
use callcodes::summary::sign_ins::{Options, Sought};

static SET: LazyLock<PatternSet> = LazyLock::new(|| PatternSet::compile(&config::built_in()).unwrap());

/// The name of a program, the templates of its lines, and those of its lines that are near misses.
type Program = (&'static str, &'static [&'static str], &'static [&'static str]);

/// In the templates, `{t}` is a time, `{n}` a number, `{s}` a small one, which may be that of a code, `{ip}` an address, `{u}` a user,
/// `{h}` a host, `{g}` a GUID, `{x}` a hexadecimal number and `{p}` a phone number.
const PROGRAMS: &[Program] = &[
    (
        "asterisk",
        &[
            "[{t}] VERBOSE[{n}][C-{x}] app_dial.c:     -- Called PJSIP/{s}",
            "[{t}] VERBOSE[{n}][C-{x}] app_dial.c:     -- PJSIP/{s}-{x} is busy",
            "[{t}] VERBOSE[{n}][C-{x}] pbx.c:     -- Executing [{s}@from-internal:{s}] Hangup(\"PJSIP/{s}-{x}\", \"\") in new stack",
            "[{t}] NOTICE[{n}] chan_sip.c: Registration from '\"{s}\" <sip:{s}@{ip}>' failed for '{ip}:{n}' - Wrong password",
            "[{t}] VERBOSE[{n}][C-{x}] res_agi.c: <PJSIP/{s}-{x}>AGI Tx >> 200 result={s}",
            "\"{p}\",\"{s}\",\"from-internal\",\"{s}\",\"PJSIP/{s}-{x}\",\"Dial\",\"{t}\",\"{t}\",{s},{s},\"NO ANSWER\",\"DOCUMENTATION\",\"{n}.{s}\"",
            "[{t}] WARNING[{n}][C-{x}] channel.c: Hangup cause: {s}, dialstatus CHANUNAVAIL, call to voicemail",
        ],
        &[],
    ),
    (
        "sip",
        &[
            "{t} SIP/2.0 486 Busy Here",
            "{t} sofia/internal/{p}@{ip} hangup cause: USER_BUSY, code {s}",
            "{t} INVITE sip:{p}@{ip} SIP/2.0 call-id {g} result code 480",
            "{t} CDR: callid={g} from={p} to={p} duration={s} disposition=NO_ANSWER reason code {s}",
            "{t} Phone {h} registered, line {s}, call state: RINGING, text message waiting: {s}",
        ],
        &["{t} SIP call status: {s}, callee {p}", "{t} Conference call status: {s} participants"],
    ),
    (
        "twilio",
        &[
            "{t} POST /status?MessageSid=SM{x}&MessageStatus=delivered&To=%2B{p} HTTP/1.1 200",
            "{t} SMS {g} to {p}: status undelivered, error code 30003, return code: {s}",
            "{t} message {g} sent, SMS result: queued",
        ],
        &[
            "{t} POST /voice CallSid=CA{x}&CallStatus=no-answer&CallDuration={s}",
            "{t} {\"CallSid\": \"CA{x}\", \"CallStatus\": \"busy\", \"Direction\": \"outbound-api\"}",
            "{t} CallUUID={g} call_status={s} direction=inbound",
            "{t} Transfer call status: completed",
        ],
    ),
    (
        "grpc",
        &[
            "{t} I grpc.server finished unary call with code OK grpc.code=OK grpc.method=Get grpc.time_ms={s}.{n}",
            "{t} rpc error: code = Unavailable desc = connection error: dial tcp {ip}:{n}",
            "{t} E0214 {n} call.cc:{s}] Call result: status {s}",
            "{t} subchannel {x}: connectivity state change TRANSIENT_FAILURE (status={s})",
        ],
        &["{t} RPC call status: {s} (INTERNAL)", "{t} [gRPC] call_status: {s}"],
    ),
    (
        "web-client",
        &["{t} GET https://{h}/api/v1/items?id={n} 200 {s} ms", "{t} retry {s}: service returned code {n}"],
        &["{t} API call status: 200", "{t} REST call status: {s}, call_id {g}"],
    ),
    (
        "ci",
        &[
            "{t} azureclitaskscript{s}.bat failed with return code: {s}",
            "##[error]Process 'az' exited with code {s}.",
            "{t} Step 'Deploy to Azure' finished with result: {s}",
            "{t} ##[section]Finishing: Phone app UI tests, exit code {s}",
            "{t} make[{s}]: *** [all] Error {s}",
            "{t} Build #{n} call to script returned: {s}",
            "{t} MFA-portal-tests: test suite exited with return code {s}",
        ],
        &[],
    ),
    (
        "backup",
        &[
            "[{t}] <{s}> Info     [Session] Id '{g}', State 'Stopped', Result: '{s}', Description: ''",
            "[{t}] <{s}> Error    Call failed. Return code: {s}. RPC function call failed. Function name: [DoRpc]. Target machine: [{ip}].",
            "[{t}] <{s}> Info     Job 'Backup {h}' ended with status {s}, {n} MB transferred",
            "{t} bpbrm(pid={n}) from client {h}: status code {s}, file read failed",
            "{t} VSS: call result {s} of IVssBackupComponents",
            "{t} robocopy ended, return code {s}",
        ],
        &[],
    ),
    (
        "printers",
        &[
            "{t},{u},{s},1,HP LaserJet {n},report.docx,{h},A4,PCL6,,,NOT DUPLEX,GRAYSCALE,{n}kb",
            "{t} CUPS [Job {n}] printer-state-reasons none, backend returned status {s}",
            "{t} Print job {n} owned by {u} was printed on {h} through port IP_{ip}. Size in bytes: {n}. Pages printed: {s}. Result code: {s}",
            "{t} Xerox {h} fax call result: busy, attempt {s}",
        ],
        &[],
    ),
    (
        "vpn",
        &[
            "{t} {h} openvpn[{n}]: {u}/{ip}:{n} PUSH: Received control message: 'PUSH_REQUEST'",
            "{t} %ASA-6-113004: AAA user authentication Successful : server = {ip} : user = {u}",
            "{t} %ASA-4-113019: Group = VPN, Username = {u}, IP = {ip}, Session disconnected. Duration: 0h:{s}m, Reason: {s}",
            "{t} sslvpnd: user '{u}' login from {ip} error code -{s}",
            "CoId={g}: The user {h}\\{u} dialed a connection named Company VPN which has failed. The error code returned on failure is 8{s}.",
            "{t} two-factor: token prompt sent to {u}, status={s}",
        ],
        &[],
    ),
    (
        "nps",
        &[
            "\"{h}\",\"IAS\",{t},1,\"{u}\",\"{h}\\{u}\",,,,,,\"{ip}\",{s},0,\"{ip}\",\"vpn\",,,,,,,1,\"VPN policy\",0,\"311 1 {ip} {t} {n}\"",
            "{t} Network Policy Server denied access to a user. Account Name: {u} Authentication Type: MS-CHAPv2 Reason Code: {s} Reason: Authentication failed.",
            "{t} Network Policy Server granted full access to a user because the host met the defined health policy. Event ID 6278 Reason Code: 0",
            "Reason-Code: {s}, Packet-Type: 3, Proxy-Policy-Name: Use Windows authentication for all users",
            "<Event><Timestamp data_type=\"4\">{t}</Timestamp><Computer-Name data_type=\"1\">{h}</Computer-Name><Packet-Type data_type=\"0\">{s}</Packet-Type><Reason-Code data_type=\"0\">{s}</Reason-Code></Event>",
        ],
        &[],
    ),
    (
        "freeradius",
        &[
            "({n}) Login incorrect (mschap: MS-CHAP2-Response is incorrect): [{u}] (from client vpn port {s} cli {ip})",
            "({n}) Received Access-Request Id {s} from {ip}:{n} to {ip}:1812 length {s}",
            "({n}) Sent Access-Reject Id {s} from {ip}:1812 to {ip}:{n} length {s}",
            "rlm_exec (otp): Program returned code ({s}) and output 'Access denied for {u}'",
        ],
        &[],
    ),
    (
        "windows-update",
        &[
            "{t} {n}  {x}  Agent           * WARNING: Exit code = 0x8024{x}",
            "{t} {n}  {x}  DownloadManager Download job {g} completed, call complete, code = {s}",
            "{t} {n}  {x}  Misc            WARNING: Send failed with hr = 8007{s}.",
            "{t} {n}  {x}  COMAPI          -- START --  COMAPI: Search [ClientId = UpdateOrchestrator], result code {s}",
        ],
        &[],
    ),
    (
        "dhcp",
        &[
            "{s},{t},Assign,{ip},{h}.example.org,{x},,{n},0,,,,0x4D534654,MSFT,,,,0",
            "{s},{t},DNS Update Failed,{ip},{h}.example.org,,,0,6,,,,,,,,,9002",
            "{t} {h} dhcpd[{n}]: DHCPACK on {ip} to {x} ({h}) via eth{s}",
        ],
        &[],
    ),
    (
        "iis",
        &[
            "{t} {ip} POST /MultiFactorAuth/login.aspx - 443 {u} {ip} Mozilla/5.0 200 0 {s} {n}",
            "{t} {ip} GET /call/status id={s} 443 - {ip} curl/7.{s} 404 0 2 {s}",
            "{t} {ip} POST /pfws/PfPaWs.asmx - 443 - {ip} - 500 0 0 {s}",
        ],
        &[],
    ),
    (
        "sql-server",
        &[
            "{t} spid{s}      Error: {n}, Severity: {s}, State: {s}.",
            "{t} Logon       Login failed for user '{u}'. Reason: Password did not match. [CLIENT: {ip}]",
            "{t} Backup      BACKUP DATABASE successfully processed {n} pages in {s}.{n} seconds",
            "{t} spid{s} The stored procedure sp_call returned result code {s}; return code: {s}",
        ],
        &[],
    ),
    (
        "exchange",
        &[
            "{t},{ip},{h},{ip},{h},{x};{t};{s},Default {h},SMTP,RECEIVE,{n},<{g}@example.org>,{g},{u}@example.org,,{n},{s},,,Text message,{u}@example.org",
            "{t} 550 5.1.{s} RESOLVER.ADR.RecipNotFound; not found, status code {s}",
            "{t} UM call answering rule evaluated for {p}, result {s}",
            "{t},ActiveSync,Cmd=Ping&User={u}&DeviceId={x}&DeviceType=Phone,{s},200",
        ],
        &[],
    ),
    (
        "wsus",
        &[
            "{t} UTC\tWarning\tw3wp.{s}\tSoapUtilities.CreateException\tThrowException: actor = https://{h}:8531/ClientWebService/client.asmx, ID={g}, ErrorCode=InvalidCookie, Message=, Client={g}",
            "{t} UTC\tInfo\tWsusService.{s}\tEventLogEventReporter.ReportEvent\tEventId={s},Type=Information,Category=Synchronization,Message=Synchronization result {s}",
        ],
        &[],
    ),
    (
        "antivirus",
        &[
            "{t} Scan of C:\\Windows\\Temp\\{x}.tmp finished, result code: {s}, threats: 0",
            "{t} MPSIGSTUB Call MpUpdateStart returned 0x8024{x}",
            "{t} [INFO] Phone home to cloud: verdict={s}, code {s}",
            "{t} Quarantine action failed with return code {s} for user {h}\\{u}",
        ],
        &[],
    ),
    (
        "sccm",
        &[
            "<![LOG[Execution complete, exit code = {s}]LOG]!><time=\"10:15:{s}.{n}-60\" date=\"11-26-2026\" component=\"execmgr\" context=\"\" type=\"1\" thread=\"{n}\" file=\"execreqmgr.cpp:{n}\">",
            "<![LOG[Call to HttpSendRequestSync failed for port 443 with status code {n}, text: Service Unavailable]LOG]!><time=\"10:15:{s}.{n}-60\" date=\"11-26-2026\" component=\"ccmsetup\" context=\"\" type=\"3\" thread=\"{n}\" file=\"ccmsetup.cpp:{n}\">",
            "<![LOG[MSI result code {s}: MultiFactorAuthenticationServerSetup.exe]LOG]!><time=\"10:15:{s}.{n}-60\" date=\"11-26-2026\" component=\"AppEnforce\" context=\"\" type=\"1\" thread=\"{n}\" file=\"appprovider.cpp:{n}\">",
        ],
        &[],
    ),
    (
        "dns",
        &[
            "{t} {x} PACKET  {x} UDP Rcv {ip}       {x}   Q [0001   D   NOERROR] A      (3)mfa(7)example(3)org(0)",
            "{h} named[{n}]: client {ip}#{n} (mfa.example.org): query: mfa.example.org IN A + ({ip})",
            "{t} unbound[{n}:{s}] info: {ip} pfd.phonefactor.net. A IN SERVFAIL {s}",
        ],
        &[],
    ),
    (
        "tomcat",
        &[
            "{t} SEVERE [http-nio-8443-exec-{s}] org.apache.catalina.core.StandardWrapperValve.invoke Servlet.service() threw exception",
            "{t} INFO  [main] CallService - call returned in {s} ms with code {s}",
            "{ip} - {u} [{t}] \"POST /phone/validate HTTP/1.1\" 200 {n}",
            "\tat com.example.mfa.CallStatusServlet.doPost(CallStatusServlet.java:{s})",
        ],
        &[],
    ),
    (
        "systemd",
        &[
            "{t} {h} systemd[1]: phone-gateway.service: Main process exited, code=exited, status={s}/FAILURE",
            "{t} {h} systemd[1]: mfa-proxy.service: Failed with result 'exit-code'.",
            "{t} {h} sshd[{n}]: pam_duo: Failed login for {u} from {ip}: status {s}",
            "{t} {h} kernel: Call Trace: {x} [<{x}>] ? do_call+0x{x}/0x{x}",
            "{t} {h} sudo: {u} : TTY=pts/{s} ; PWD=/root ; USER=root ; COMMAND=/usr/bin/call-status",
        ],
        &[],
    ),
    (
        "docker",
        &[
            "time=\"{t}\" level=info msg=\"Container {x} failed to exit within {s} seconds of signal 15\"",
            "{\"log\":\"worker {s} exited with return code {s}\\n\",\"stream\":\"stderr\",\"time\":\"{t}\"}",
            "time=\"{t}\" level=error msg=\"Handler for POST /containers/{x}/start returned error: OCI runtime: exit status {s}\"",
        ],
        &[],
    ),
    (
        "rpc",
        &[
            "{t} The RPC server is unavailable. (Exception from HRESULT: 0x800706BA) call {s}",
            "{t} DCOM was unable to communicate with the computer {ip} using any of the configured protocols; result code {s}",
            "{t} RpcAsyncCompleteCall returned {s}, RPC_S_CALL_FAILED",
            "{t} AzureAD Connect sync result code: {s} objects",
        ],
        &[],
    ),
    (
        "games-and-agents",
        &[
            "{t} Function call result: {s}",
            "{t} Tool call result: {\"ok\": true, \"n\": {s}}",
            "{t} module {x} loaded, Load Status: {s}",
        ],
        &["{t} Function call status: {s}", "{t} Contract call status: {s}"],
    ),
];

/// Numbers that look random and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// Fills in a template.
    fn line(&mut self, template: &str, out: &mut String) {
        let mut rest = template;
        while let Some(start) = rest.find('{') {
            let end = rest[start..].find('}').map_or(rest.len(), |len| start + len + 1);
            out.push_str(&rest[..start]);
            let part = &rest[start..end];
            let (a, b) = (self.below(10_000), self.below(150));
            match part {
                "{t}" => write!(out, "2026-11-{:02} {:02}:{:02}:{:02}", 1 + b % 28, a % 24, a % 60, b % 60),
                "{n}" => write!(out, "{a}"),
                "{s}" => write!(out, "{b}"),
                "{ip}" => write!(out, "10.{}.{}.{b}", a % 200, a % 100),
                "{u}" => write!(out, "user{a}"),
                "{h}" => write!(out, "HOST{b}"),
                "{g}" => write!(out, "{a:08x}-{b:04x}-4a1b-9c2d-{a:012x}"),
                "{x}" => write!(out, "{:x}", a * 7919 + b),
                "{p}" => write!(out, "4930{a:07}"),
                // A brace of the line itself.
                _ => {
                    out.push('{');
                    rest = &rest[start + 1..];
                    continue;
                }
            }
            .unwrap();
            rest = &rest[end..];
        }
        out.push_str(rest);
        out.push('\n');
    }
}

/// Writes `lines` lines of a program to a file. Returns how many of them are near misses.
fn write_log(path: &Path, (_, others, misses): &Program, lines: u64, seed: u64) -> u64 {
    let (mut numbers, mut text, mut count) = (Numbers(seed), String::new(), 0);
    for _ in 0..lines {
        let at = usize::try_from(numbers.below((others.len() + misses.len()) as u64)).unwrap();
        let template = others.get(at).unwrap_or_else(|| {
            count += 1;
            &misses[at - others.len()]
        });
        numbers.line(template, &mut text);
    }
    fs::write(path, text).unwrap();
    count
}

/// Returns the numbers of results and near misses in a file, and what the near misses and results are.
fn found(path: &Path) -> (u64, u64, Vec<String>) {
    let walk = Walk::new(vec![path.to_owned()]);
    let options = Options { near_misses: Sought::Numbered, ..Options::default() };
    let settled =
        sign_ins::count(walk, &SET, Catalogue::built_in(), &pipeline::Options::default(), options).unwrap().summary;
    let rows = settled.summary.iter().chain(settled.general.iter());
    let results: Vec<String> = rows.map(|(key, row)| format!("{} times {key}", row.tally.count)).collect();
    let misses =
        settled.near_misses.iter().map(|(shape, seen)| format!("{} near misses {}", seen.count(), shape.text()));
    let count = settled.summary.results() + settled.general.results();
    (count, settled.near_misses.lines(), results.into_iter().chain(misses).collect())
}

#[test]
fn logs_of_other_programs_hold_no_result() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for (seed, program) in (1..).zip(PROGRAMS) {
        let path = folder.path().join(format!("{}.log", program.0));
        let expected = write_log(&path, program, 1000, seed);
        let (results, near_misses, what) = found(&path);
        if (results, near_misses) != (0, expected) {
            let what = &what[..what.len().min(5)];
            wrong.push(format!("{}: {results} results, {near_misses} of {expected} near misses: {what:#?}", program.0));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[ignore = "takes a quarter of a minute; run it after changes to the patterns for NPS"]
fn a_million_lines_of_radius_without_a_second_factor_hold_no_result() {
    let folder = tempfile::tempdir().unwrap();
    for (seed, name) in (1..).zip(["nps", "freeradius"]) {
        let program = PROGRAMS.iter().find(|program| program.0 == name).unwrap();
        let path = folder.path().join(name);
        assert_eq!(write_log(&path, program, 500_000, seed), 0);
        let (results, near_misses, what) = found(&path);
        assert_eq!((results, near_misses), (0, 0), "{name}: {what:#?}");
    }
}
