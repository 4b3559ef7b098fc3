/* The only function of bcryptprimitives.dll that Rust programs import, for a Wine without that DLL. See .ci/windows. */
#include <windows.h>
#include <ntsecapi.h>

BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length)
{
    return RtlGenRandom(buffer, (ULONG)length);
}
