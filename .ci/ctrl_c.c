// Presses Ctrl-C while callcodes waits for more input: `ctrl_c.exe PROGRAM OUTPUT` runs `PROGRAM scan -`, writes one line to its
// standard input, waits, and sends Ctrl-C to every process of this console, as the keyboard does. What the program prints goes to
// OUTPUT. Returns its exit status, or 200 and more if this program fails itself.
//
// In C, because the call is unsafe in Rust, and the project forbids that even in its tests.
#include <stdio.h>
#include <windows.h>

int main(int count, char **arguments) {
    static const char input[] = "rawCallStatus = 102\n";
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    STARTUPINFOA start = {sizeof start};
    PROCESS_INFORMATION process;
    char command[1024];
    HANDLE end;
    DWORD written, status;

    if (count != 3 || !CreatePipe(&start.hStdInput, &end, &inherited, 0)) return 200;
    // The program must not hold the other end of its own input open.
    SetHandleInformation(end, HANDLE_FLAG_INHERIT, 0);
    start.hStdOutput = CreateFileA(arguments[2], GENERIC_WRITE, FILE_SHARE_READ, &inherited, CREATE_ALWAYS, 0, NULL);
    start.hStdError = start.hStdOutput;
    start.dwFlags = STARTF_USESTDHANDLES;
    snprintf(command, sizeof command, "\"%s\" scan -", arguments[1]);
    if (!CreateProcessA(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &start, &process)) return 201;
    if (!WriteFile(end, input, sizeof input - 1, &written, NULL)) return 202;
    // After the program was started, because it would inherit this.
    SetConsoleCtrlHandler(NULL, TRUE);
    Sleep(5000);
    if (!GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0)) {
        TerminateProcess(process.hProcess, 203);
        return 203;
    }
    if (WaitForSingleObject(process.hProcess, 20000) != WAIT_OBJECT_0) {
        TerminateProcess(process.hProcess, 204);
        return 204;
    }
    GetExitCodeProcess(process.hProcess, &status);
    return status;
}
