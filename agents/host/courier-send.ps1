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

$script:Settings = @{
    TO         = ''
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
        if ($null -eq $value -or -not $script:Settings.ContainsKey($key)) {
            Stop-Sending 3 "${Path}: not a setting such as TO=https://site.example.com:8000: $key"
        }
        $script:Settings[$key] = $value
    }
}

function Test-Settings {
    if ($script:Settings.TO -notmatch '^https://[^/@\s][^@\s]*$') {
        Stop-Sending 2 'TO must look like https://site.example.com:8000'
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

# Returns the status, or ends with 5, 6 or 7 when there is none.
function Send-Output([byte[]] $Bytes, [string] $ProducedAt) {
    [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor 3072
    $handler = New-Object Net.Http.HttpClientHandler
    $handler.AllowAutoRedirect = $false
    $client = [Net.Http.HttpClient]::new($handler)
    $client.Timeout = [TimeSpan]::FromSeconds([int] $script:Settings.TIMEOUT)
    try {
        $url = "$($script:Settings.TO.TrimEnd('/'))/v1/hosts/$($script:Settings.HOST)/agent-output"
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
        return @{ Status = [int] $answer.StatusCode; Text = $text }
    }
    catch [OperationCanceledException] {
        Stop-Sending 6 "sending took longer than $($script:Settings.TIMEOUT)s"
    }
    catch [Net.Http.HttpRequestException] {
        $why = $_.Exception
        while ($null -ne $why.InnerException) { $why = $why.InnerException }
        if ("$($_.Exception)" -match 'AuthenticationException|TrustFailure|SecureChannelFailure') { Stop-Sending 7 "certificate: $($why.Message)" }
        Stop-Sending 5 "cannot send to $($script:Settings.TO): $($why.Message)"
    }
    finally { $client.Dispose() }
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
        $answer = Send-Output $Bytes $ProducedAt
        $isDone = @(204, 400, 413, 415) -contains $answer.Status
    }
    finally {
        if ($isDone) { Remove-Kept } else { Save-Output $Bytes $ProducedAt }
    }
    if ($answer.Status -eq 204) { return }
    $code = 8
    if ($answer.Status -ge 400 -and $answer.Status -le 451) { $code = $answer.Status - 380 }
    if ($answer.Status -ge 500 -and $answer.Status -le 511) { $code = $answer.Status - 420 }
    Stop-Sending $code "$($script:Settings.TO) answered $($answer.Status): $($answer.Text)"
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
