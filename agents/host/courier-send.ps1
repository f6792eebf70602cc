#requires -Version 5.1
<#
.SYNOPSIS
Runs the Checkmk agent of a Windows host and sends its output to the receiver of cmk-courier.

.DESCRIPTION
Settings are lines KEY=value in a file; courier-send.md lists them, with the exit codes. Works with
Windows PowerShell 5.1 and PowerShell 7. Output that cannot be sent is kept, only the newest, and
goes out when the receiver can be reached again.

.PARAMETER Config
The file with the settings.
#>
param(
    [string] $Config = "$env:ProgramData\cmk-courier\send.conf"
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
Add-Type -AssemblyName System.Net.Http

# The receivers, in the order in which they are tried.
$script:Receivers = @()
$script:Settings = @{
    TOKEN_FILE = ''
    HOST       = [Environment]::MachineName
    AGENT      = "${env:ProgramFiles(x86)}\checkmk\service\check_mk_agent.exe"
    ARGUMENTS  = 'test'
    TIMEOUT    = '60'
    JITTER     = '0'
    STATE      = "$env:ProgramData\cmk-courier\send"
}

# Ends the script with one line on standard error; main turns it into the exit code.
function Stop-Sending([int] $Code, [string] $Message) {
    $fault = New-Object System.Exception ($Message -replace '[\x00-\x20\x7f]+', ' ')
    $fault.Data['Code'] = $Code
    throw $fault
}

# KEY=value lines are read, never run.
function Read-Settings([string] $Path) {
    if (-not (Test-Path -LiteralPath $Path -PathType Leaf)) {
        Stop-Sending 3 "cannot read the configuration file $Path"
    }
    foreach ($line in [IO.File]::ReadAllLines($Path)) {
        if ($line -eq '' -or $line.StartsWith('#')) { continue }
        $key, $value = $line.Split([char[]] '=', 2)
        if ($null -eq $value -or ($key -ne 'TO' -and -not $script:Settings.ContainsKey($key))) {
            Stop-Sending 3 "${Path}: not a setting such as TO=https://site.example.com:8000: $key"
        }
        if ($key -eq 'TO') { $script:Receivers += $value.TrimEnd('/') } else { $script:Settings[$key] = $value }
    }
}

function Test-Settings {
    if ($script:Receivers.Count -eq 0) { Stop-Sending 2 'no receiver to send to: TO in the configuration file is missing' }
    foreach ($to in $script:Receivers) {
        if ($to -notmatch '^https://[^/@\s][^@\s]*$') { Stop-Sending 2 'TO must look like https://site.example.com:8000' }
    }
    if ($script:Settings.HOST -notmatch '^[A-Za-z0-9_][A-Za-z0-9_.-]*$') {
        Stop-Sending 2 'HOST is no name Checkmk would accept'
    }
    if ($script:Settings.TIMEOUT -notmatch '^[1-9][0-9]{0,4}$') { Stop-Sending 2 'TIMEOUT must be seconds such as 60' }
    if ($script:Settings.JITTER -notmatch '^[0-9]{1,4}$') { Stop-Sending 2 'JITTER must be seconds such as 30' }
}

# A token, or user:password.
function Get-Login {
    if ($script:Settings.TOKEN_FILE -eq '') { return $null }
    $rights = (Get-Acl -LiteralPath $script:Settings.TOKEN_FILE).GetAccessRules(
        $true, $true, [Security.Principal.SecurityIdentifier])
    # Everyone, Authenticated Users, Users
    $public = @($rights | Where-Object {
            $_.AccessControlType -eq 'Allow' -and
            @('S-1-1-0', 'S-1-5-11', 'S-1-5-32-545') -contains $_.IdentityReference.Value
        })
    if ($public.Count -gt 0) { Stop-Sending 4 "others may read $($script:Settings.TOKEN_FILE)" }
    $token = @([IO.File]::ReadAllLines($script:Settings.TOKEN_FILE))[0]
    if ([string]::IsNullOrEmpty($token)) { Stop-Sending 4 "$($script:Settings.TOKEN_FILE) is empty" }
    if (-not $token.Contains(':')) { return "Bearer $token" }
    return 'Basic ' + [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($token))
}

# Ends a process that still runs, with all it has started. What taskkill says is no error of ours.
function Stop-Tree([Diagnostics.Process] $Process) {
    $ErrorActionPreference = 'SilentlyContinue'
    & "$env:SystemRoot\System32\taskkill.exe" /T /F /PID $Process.Id 2>&1 | Out-Null
}

# The bytes the agent prints, untouched: PowerShell's own pipes would take them for text.
function Invoke-Agent {
    $start = New-Object Diagnostics.ProcessStartInfo
    $start.FileName = $script:Settings.AGENT
    $start.Arguments = $script:Settings.ARGUMENTS
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    try { $process = [Diagnostics.Process]::Start($start) }
    catch { Stop-Sending 4 "cannot start $($start.FileName): $($_.Exception.Message)" }
    $output = New-Object IO.MemoryStream
    try {
        $process.StandardInput.Close()
        [void] $process.StandardError.BaseStream.CopyToAsync([IO.Stream]::Null)
        $copying = $process.StandardOutput.BaseStream.CopyToAsync($output)
        if (-not $copying.Wait([int] $script:Settings.TIMEOUT * 1000)) {
            Stop-Tree $process
            Stop-Sending 6 "the agent took longer than $($script:Settings.TIMEOUT)s"
        }
        $bytes = $output.ToArray()
        if ([Text.Encoding]::ASCII.GetString($bytes) -notmatch '(?m)^<<<') {
            Stop-Sending 9 'the agent printed no section'
        }
        return , $bytes
    }
    finally { $process.Dispose() }
}

function Compress-Bytes([byte[]] $Bytes) {
    $target = New-Object IO.MemoryStream
    $gzip = [IO.Compression.GZipStream]::new($target, [IO.Compression.CompressionMode]::Compress)
    $gzip.Write($Bytes, 0, $Bytes.Length)
    $gzip.Dispose()
    return , $target.ToArray()
}

# Returns what one receiver answers within so many seconds, or ends with 5, 6 or 7 when it does not.
function Send-Output([byte[]] $Bytes, [string] $ProducedAt, [string] $To, [double] $Seconds) {
    [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor 3072
    $handler = New-Object Net.Http.HttpClientHandler
    $handler.AllowAutoRedirect = $false
    $client = [Net.Http.HttpClient]::new($handler)
    $client.Timeout = [TimeSpan]::FromSeconds($Seconds)
    try {
        $url = "$To/v1/hosts/$($script:Settings.HOST)/agent-output"
        $request = [Net.Http.HttpRequestMessage]::new([Net.Http.HttpMethod]::Put, $url)
        $body = Compress-Bytes $Bytes
        $request.Content = [Net.Http.ByteArrayContent]::new([byte[]] $body)
        $request.Content.Headers.Add('Content-Type', 'application/octet-stream')
        $request.Content.Headers.Add('Content-Encoding', 'gzip')
        $request.Headers.Add('X-Produced-At', $ProducedAt)
        $request.Headers.ExpectContinue = $false
        $login = Get-Login
        if ($null -ne $login) { [void] $request.Headers.TryAddWithoutValidation('Authorization', $login) }
        $answer = $client.SendAsync($request).GetAwaiter().GetResult()
        $text = @($answer.Content.ReadAsStringAsync().GetAwaiter().GetResult() -split "`n")[0]
        return @{ Status = [int] $answer.StatusCode; Text = "$To answered $([int] $answer.StatusCode): $text" }
    }
    catch [OperationCanceledException] {
        Stop-Sending 6 "sending to $To took longer than $([int] $Seconds)s"
    }
    catch [Net.Http.HttpRequestException] {
        $why = $_.Exception
        while ($null -ne $why.InnerException) { $why = $why.InnerException }
        if ("$($_.Exception)" -match 'AuthenticationException|TrustFailure|SecureChannelFailure') { Stop-Sending 7 "certificate: $($why.Message)" }
        Stop-Sending 5 "cannot send to ${To}: $($why.Message)"
    }
    finally { $client.Dispose() }
}

# The exit code for an answer; 0 when the receiver has it.
function Get-ExitCode([int] $Status) {
    if ($Status -eq 204) { return 0 }
    if ($Status -ge 400 -and $Status -le 451) { return $Status - 380 }
    if ($Status -ge 500 -and $Status -le 511) { return $Status - 420 }
    return 8
}

# Tries the receivers in order within TIMEOUT, and returns code, status and what each said. Only what
# one says about this host or its output is final.
function Send-ToFirst([byte[]] $Bytes, [string] $ProducedAt) {
    $watch = [Diagnostics.Stopwatch]::StartNew()
    $left = $script:Receivers.Count
    $said = @()
    $firstCode = $null
    foreach ($to in $script:Receivers) {
        $seconds = [Math]::Max(1, ([int] $script:Settings.TIMEOUT - $watch.Elapsed.TotalSeconds) / $left)
        $left -= 1
        $status = 0
        try {
            $answer = Send-Output $Bytes $ProducedAt $to $seconds
            $status = $answer.Status
            $code = Get-ExitCode $status
            if ($code -ne 0) { $said += $answer.Text }
        }
        catch {
            $code = $_.Exception.Data['Code']
            if (@(5, 6, 7) -notcontains $code) { throw }
            $said += $_.Exception.Message
        }
        if ($code -eq 0 -or ($code -gt 8 -and $code -lt 80)) {
            return @{ To = $to; Code = $code; Status = $status; Said = $said -join '; ' }
        }
        if ($null -eq $firstCode) { $firstCode = $code }
    }
    return @{ To = ''; Code = $firstCode; Status = 0; Said = $said -join '; ' }
}

# One line when another receiver took it than the last time, not one each minute.
function Write-Receiver([string] $To, [string] $Said) {
    $file = Join-Path $script:Settings.STATE 'taken-by'
    $before = $script:Receivers[0]
    if (Test-Path -LiteralPath $file) { $before = @([IO.File]::ReadAllLines($file))[0] }
    if ($before -eq $To) { return }
    [IO.File]::WriteAllText($file, "$To`n")
    if ($Said -ne '') { $Said = "; $Said" }
    [Console]::Error.WriteLine("courier-send: $To took it$Said")
}

function Get-Kept {
    Get-ChildItem -LiteralPath $script:Settings.STATE -Filter 'unsent.*' -File |
        Where-Object { $_.Name -match '^unsent\.[0-9]{1,15}$' -and $_.Length -gt 0 } |
        Sort-Object { [long] $_.Name.Substring(7) } | Select-Object -Last 1
}

# The newest only; written under another name first, so that nothing torn is ever taken for it.
function Save-Output([byte[]] $Bytes, [string] $ProducedAt) {
    $new = Join-Path $script:Settings.STATE 'new'
    [IO.File]::WriteAllBytes($new, $Bytes)
    Remove-Kept
    Move-Item -LiteralPath $new -Destination (Join-Path $script:Settings.STATE "unsent.$ProducedAt")
}

function Remove-Kept {
    Get-ChildItem -LiteralPath $script:Settings.STATE -Filter 'unsent.*' | Remove-Item -Force
}

# Sends fresh output and keeps it if that fails; what the receiver would never take is dropped.
function Send-AndKeep([byte[]] $Bytes, [string] $ProducedAt) {
    $isDone = $false
    try {
        $answer = Send-ToFirst $Bytes $ProducedAt
        $isDone = @(204, 400, 413, 415) -contains $answer.Status
    }
    finally {
        if ($isDone) { Remove-Kept } else { Save-Output $Bytes $ProducedAt }
    }
    if ($answer.Code -ne 0) { Stop-Sending $answer.Code $answer.Said }
    Write-Receiver $answer.To $answer.Said
}

# An agent that fails is still the news, whatever becomes of what was kept.
function Send-Kept([Exception] $Problem) {
    $kept = Get-Kept
    $then = 'nothing is left to send'
    if ($null -ne $kept) {
        try {
            Send-AndKeep ([IO.File]::ReadAllBytes($kept.FullName)) $kept.Name.Substring(7)
            $then = 'sent what was left from before'
        }
        catch { $then = $_.Exception.Message }
    }
    Stop-Sending ([int] $Problem.Data['Code']) "$($Problem.Message); $then"
}

function Invoke-Run {
    [void] (New-Item -ItemType Directory -Force -Path $script:Settings.STATE)
    if ([int] $script:Settings.JITTER -gt 0) {
        Start-Sleep -Seconds (Get-Random -Minimum 0 -Maximum ([int] $script:Settings.JITTER + 1))
    }
    $age = [DateTime]::UtcNow - [DateTime]::new(1970, 1, 1, 0, 0, 0, [DateTimeKind]::Utc)
    $producedAt = [string] [long] [Math]::Floor($age.TotalSeconds)
    $bytes = $null
    try { $bytes = Invoke-Agent }
    catch {
        if (@(6, 9) -notcontains $_.Exception.Data['Code']) { throw }
        Send-Kept $_.Exception
    }
    Send-AndKeep $bytes $producedAt
}

# A mutex left by a run that was killed is ours to take.
function Invoke-Alone {
    $mutex = [Threading.Mutex]::new($false, 'Global\cmk-courier-send')
    try {
        $isOurs = $false
        try { $isOurs = $mutex.WaitOne(0) }
        catch [Threading.AbandonedMutexException] { $isOurs = $true }
        if (-not $isOurs) { Stop-Sending 75 'another run is under way' }
        try { Invoke-Run } finally { $mutex.ReleaseMutex() }
    }
    finally { $mutex.Dispose() }
}

$exitCode = 0
try {
    Read-Settings $Config
    Test-Settings
    Invoke-Alone
}
catch {
    $exitCode = $_.Exception.Data['Code']
    if ($null -eq $exitCode) { $exitCode = 4 }
    [Console]::Error.WriteLine("courier-send: $($_.Exception.Message)")
}
exit $exitCode
