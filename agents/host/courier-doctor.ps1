#requires -Version 5.1
<#
.SYNOPSIS
Says why a Checkmk site gets no data from this Windows host. It only reads.

.DESCRIPTION
The steps, causes and exit codes are those of courier-doctor.md. Works with Windows PowerShell 5.1 and
PowerShell 7; it sees most in an elevated one.

.PARAMETER Json
Print the report as JSON, for cmk-courier doctor --host-report.

.PARAMETER Run
Repeated in the report, so that two reports are known to belong together.

.PARAMETER HostName
Name of this host in Checkmk.

.PARAMETER Site
The site to reach, such as site.example.com/mysite; that of the registration unless given.

.PARAMETER SiteAddress
Where the site comes from, to be held against the list of allowed addresses.

.PARAMETER Port
The port of the agent.

.PARAMETER Seconds
How long one program may take.
#>
param(
    [switch] $Json,
    [ValidatePattern('^[A-Za-z0-9_.-]{0,64}$')] [string] $Run = '',
    [ValidatePattern('^[A-Za-z0-9_][A-Za-z0-9_.:-]*$')] [string] $HostName = [Environment]::MachineName,
    [ValidatePattern('^([A-Za-z0-9_.:\[\]-]+(/[A-Za-z0-9_]+)?)?$')] [string] $Site = '',
    [ValidatePattern('^[0-9A-Fa-f.:]*$')] [string] $SiteAddress = '',
    [ValidateRange(1, 65535)] [int] $Port = 6556,
    [ValidateRange(1, 300)] [int] $Seconds = 10
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$script:Version = '0.1.0'
$script:Home_ = "${env:ProgramFiles(x86)}\checkmk\service"
$script:Began = [Diagnostics.Stopwatch]::StartNew()
$script:Steps = @()
$script:Ports = @()
$script:Status = $null

# What explains the rest comes first.
$script:Weight = 'system', 'agent', 'starter', 'dump', 'listener', 'controller', 'legacy', 'receiver', 'clock', 'firewall'
$script:Titles = @{
    agent      = 'the agent runs'
    dump       = 'the Agent Controller gets its output'
    starter    = 'something starts it'
    listener   = 'who listens on its port'
    controller = 'the Agent Controller'
    legacy     = 'who may fetch from it'
    receiver   = 'the way to the site'
    clock      = 'the clock'
    system     = 'room and rights'
    firewall   = 'the firewall of this host'
}
$script:Needs = @{ dump = @('agent', 'controller'); listener = @('starter'); legacy = @('controller'); receiver = @('controller') }

# Fault and exit code of a cause, as cmk-courier has them.
$script:Causes = @{
    'agent-missing'        = 'LOCAL', 4
    'agent-fails'          = 'PEER', 8
    'agent-hangs'          = 'TIMEOUT', 6
    'output-empty'         = 'NO_OUTPUT', 9
    'service-failed'       = 'LOCAL', 4
    'port-refused'         = 'UNREACHABLE', 5
    'other-service'        = 'MALFORMED', 12
    'address-loopback'     = 'UNREACHABLE', 5
    'certificate-expired'  = 'REFUSED', 7
    'certificate-not-yet'  = 'REFUSED', 7
    'port-hangs'           = 'TIMEOUT', 6
    'only-from'            = 'REFUSED', 7
    'not-registered'       = 'REFUSED', 7
    'legacy-plain'         = 'REFUSED', 7
    'dns-none'             = 'UNREACHABLE', 5
    'receiver-unreachable' = 'UNREACHABLE', 5
    'clock-wrong'          = 'LOCAL', 4
    'disk-full'            = 'LOCAL', 4
    'blocked'              = 'UNREACHABLE', 5
}

# Printable ASCII of at most 200 characters; nothing of a line that may hold a secret.
function Get-Clean([string] $Text) {
    if ($Text -match '(?i)passw|passphrase|token|secret|bearer|authorization|private|credential|cookie') { return '(a line that may hold a secret)' }
    $clean = $Text -replace '//[^/ ]*@', '//***@' -replace '[^ -~]', '?'
    if ($clean.Length -gt 200) { return $clean.Substring(0, 200) }
    return $clean
}

function Add-Step([string] $Id, [string] $Status, [string] $Code, [string] $Text, [hashtable] $Facts = @{}, [string] $Fix = '', [string] $Said = '') {
    $said_ = $null
    if ($Said -ne '') { $said_ = Get-Clean (@($Said -split "`n")[0]) }
    $code_ = $null
    if ($Code -ne '') { $code_ = $Code }
    $needs = @()
    if ($script:Needs.ContainsKey($Id)) { $needs = @($script:Needs[$Id]) }
    $script:Steps += [pscustomobject] [ordered] @{
        id = $Id; side = 'host'; title = $script:Titles[$Id]; status = $Status; source = 'probe'; code = $code_
        text = Get-Clean $Text; raw_error = $said_; evidence = $Facts; depends_on = $needs; duration_ms = $null; fix = $Fix
    }
}

# Runs a program for at most $Seconds; both its streams are read meanwhile, or it could never end.
function Invoke-Limited([string] $File, [string] $Arguments) {
    $start = New-Object Diagnostics.ProcessStartInfo $File, $Arguments
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $process = [Diagnostics.Process]::Start($start)
    try {
        $process.StandardInput.Close()
        $output = $process.StandardOutput.ReadToEndAsync()
        $problem = $process.StandardError.ReadToEndAsync()
        $isOver = $process.WaitForExit($Seconds * 1000) -and $output.Wait($Seconds * 1000) -and $problem.Wait(1000)
        if (-not $isOver) {
            try { $process.Kill() } catch { Write-Verbose 'it has ended meanwhile' }
            return @{ TimedOut = $true; Exit = 124; Output = ''; Error = '' }
        }
        return @{ TimedOut = $false; Exit = $process.ExitCode; Output = $output.Result; Error = $problem.Result }
    }
    finally { $process.Dispose() }
}

# Whether a TCP connection is taken; it is closed at once.
function Test-Connection_([string] $Address, [int] $To) {
    $client = New-Object Net.Sockets.TcpClient
    try {
        $connecting = $client.ConnectAsync($Address, $To)
        if (-not $connecting.Wait(3000)) { return 'silent' }
        return 'open'
    }
    catch {
        $why = $_.Exception
        while ($null -ne $why.InnerException) { $why = $why.InnerException }
        if ($why -is [Net.Sockets.SocketException]) {
            switch ($why.SocketErrorCode) {
                'ConnectionRefused' { return 'refused' }
                'TimedOut' { return 'silent' }
                'HostUnreachable' { return 'unreachable' }
                'NetworkUnreachable' { return 'unreachable' }
            }
        }
        return 'unknown'
    }
    finally { $client.Dispose() }
}

function Step-Agent {
    $path = Join-Path $script:Home_ 'check_mk_agent.exe'
    if (-not (Test-Path -LiteralPath $path)) {
        Add-Step agent fault 'agent-missing' 'there is no check_mk_agent.exe' @{ kind = 'none' } 'install the agent package of the site'
        return
    }
    $run = Invoke-Limited $path 'test'
    $sections = [regex]::Matches($run.Output, '(?m)^<<<[^<]').Count
    $facts = @{ kind = 'checkmk'; path = (Get-Clean $path); timed_out = $run.TimedOut; bytes = $run.Output.Length; sections = $sections }
    if ($run.Exit -ge 0) { $facts['exit'] = $run.Exit }
    if ($run.Output -match '(?m)^Version: (\S{1,60})') { $facts['version'] = Get-Clean $Matches[1] }
    if ($run.TimedOut) { Add-Step agent fault 'agent-hangs' "the agent does not end within ${Seconds}s" $facts 'check_mk_agent.exe test' }
    elseif ($sections -eq 0 -and $run.Exit -ne 0) { Add-Step agent fault 'agent-fails' "the agent ends with $($run.Exit)" $facts 'check_mk_agent.exe test' $run.Error }
    elseif ($sections -eq 0) { Add-Step agent fault 'output-empty' 'the agent prints no section' $facts 'check_mk_agent.exe test' }
    else { Add-Step agent ok '' "$sections sections, $($run.Output.Length) characters" $facts }
}

function Step-Starter {
    $service = Get-Service -Name CheckMkService -ErrorAction SilentlyContinue
    if ($null -eq $service) { Add-Step starter fault 'service-failed' 'there is no service CheckMkService' @{ systemd = $false } 'install the agent package of the site' }
    elseif ($service.Status -ne 'Running') { Add-Step starter fault 'service-failed' "CheckMkService is $($service.Status)" @{ systemd = $false } 'Start-Service CheckMkService' }
    else { Add-Step starter ok '' 'CheckMkService is running' @{ systemd = $false } }
}

# Addresses that others reach this host at.
function Get-OwnAddress {
    $all = @(Get-NetIPAddress -AddressState Preferred -ErrorAction SilentlyContinue | ForEach-Object { "$($_.IPAddress)" })
    return @($all | Where-Object { $_ -notmatch '^(127\.|169\.254\.|::1$|fe80:)' } | Select-Object -First 64)
}

# 28250 is where the Agent Controller asks the agent, on this very host. Windows shows neither how full the queue of
# a listener is nor whether it takes IPv4 besides IPv6: one connection from here to here tells.
function Step-Listener {
    $all = @(Get-NetTCPConnection -State Listen -ErrorAction SilentlyContinue | Where-Object { $_.LocalPort -eq $Port -or $_.LocalPort -eq 28250 })
    $own = @($all | Where-Object { $_.LocalPort -eq $Port })
    $places = @($all | ForEach-Object { "$($_.LocalAddress):$($_.LocalPort)" })
    $names = @($own | ForEach-Object { (Get-Process -Id $_.OwningProcess -ErrorAction SilentlyContinue).ProcessName } | Where-Object { $_ } | Select-Object -Unique)
    $facts = @{ port = $Port; listeners = $places; processes = $names; addresses = @(Get-OwnAddress) }
    foreach ($one in $own) {
        $script:Ports += [ordered] @{ direction = 'in'; proto = 'tcp'; port = $Port; address = "$($one.LocalAddress)"; state = 'open'; needed_by = 'agent'; raw_error = $null }
    }
    $strangers = @($names | Where-Object { $_ -notmatch '^(cmk-agent-ctl|check_mk_agent)$' })
    $fours = @($own | Where-Object { $_.LocalAddress -eq '0.0.0.0' -or $_.LocalAddress -eq '127.0.0.1' })
    $sixes = @($own | Where-Object { $_.LocalAddress -eq '::' })
    $taken = 'open'
    if ($strangers.Count -eq 0 -and ($fours.Count -gt 0 -or $sixes.Count -gt 0)) { $taken = Test-Connection_ '127.0.0.1' $Port }
    $isHanging = $fours.Count -gt 0 -and ($taken -eq 'refused' -or $taken -eq 'silent')
    if ($isHanging) { $facts['queue_full'] = $true }
    if ($own.Count -gt 0 -and $sixes.Count -eq $own.Count -and $taken -eq 'refused') { $facts['only_ipv6'] = $true }
    if ($own.Count -eq 0) { Add-Step listener fault 'port-refused' "nobody listens on port $Port" $facts 'an Agent Controller listens once it has a pull connection: cmk-agent-ctl status' }
    elseif ($strangers.Count -gt 0) { Add-Step listener fault 'other-service' "$($strangers -join ', ') listens on port $Port" $facts }
    elseif ($isHanging) { Add-Step listener fault 'port-hangs' "what listens on port $Port takes nobody" $facts 'Restart-Service CheckMkService' }
    elseif (@($own | Where-Object { $_.LocalAddress -notmatch '^(127\.|::1$)' }).Count -eq 0) { Add-Step listener fault 'address-loopback' "only this host itself reaches port $Port" $facts }
    else { Add-Step listener ok '' "listens on $($places -join ', ')" $facts }
}

function Get-Member_($Object, [string] $Name) {
    if ($null -eq $Object -or $null -eq $Object.PSObject.Properties[$Name]) { return $null }
    return $Object.$Name
}

function Step-Controller {
    $path = Join-Path $script:Home_ 'cmk-agent-ctl.exe'
    if (-not (Test-Path -LiteralPath $path)) { Add-Step controller ok '' 'no Agent Controller here'; return }
    $run = Invoke-Limited $path 'status --json --no-query-remote'
    try { $script:Status = $run.Output | ConvertFrom-Json } catch { $script:Status = $null }
    if ($null -eq $script:Status) { Add-Step controller unknown '' 'the Agent Controller does not say how it is' @{ path = (Get-Clean $path) } '' $run.Error; return }
    $connections = @(Get-Member_ $script:Status 'connections' | Where-Object { $_ })
    $facts = @{ path = (Get-Clean $path); version = (Get-Clean "$(Get-Member_ $script:Status 'version')"); connections = $connections.Count; sites = @(); uuids = @(); push = 0; pull = 0; valid_until = @() }
    $late = ''; $early = ''
    foreach ($one in $connections) {
        $local = Get-Member_ $one 'local'
        if (Get-Member_ $one 'site_id') { $facts['sites'] += Get-Clean "$(Get-Member_ $one 'site_id')" }
        $facts['uuids'] += Get-Clean "$(Get-Member_ $one 'uuid')"
        if ("$(Get-Member_ $local 'connection_mode')" -match '^push') { $facts['push']++ } else { $facts['pull']++ }
        $until = "$(Get-Member_ (Get-Member_ $local 'cert_info') 'to')"
        $from = "$(Get-Member_ (Get-Member_ $local 'cert_info') 'from')"
        $at = [DateTimeOffset]::MinValue
        if ($until -ne '') { $facts['valid_until'] += Get-Clean $until }
        if ([DateTimeOffset]::TryParse($until, [ref] $at) -and $at -lt [DateTimeOffset]::UtcNow) { $late = $until }
        if ([DateTimeOffset]::TryParse($from, [ref] $at) -and $at -gt [DateTimeOffset]::UtcNow.AddDays(1)) { $early = $from }
    }
    if ($late -ne '') { Add-Step controller fault 'certificate-expired' "a certificate of this host expired at $late" $facts 'cmk-agent-ctl register again with the site' }
    elseif ($early -ne '') { Add-Step controller fault 'certificate-not-yet' "a certificate of this host is not valid before $early" $facts 'set the clock of this host' }
    else { Add-Step controller ok '' "version $($facts['version']), $($connections.Count) connections" $facts }
}

function Step-Legacy {
    if ($null -eq $script:Status) { Add-Step legacy skipped '' 'needs controller'; return }
    $count = @(Get-Member_ $script:Status 'connections' | Where-Object { $_ }).Count
    $isLegacy = [bool] (Get-Member_ $script:Status 'allow_legacy_pull')
    $allowed = @(Get-Member_ $script:Status 'ip_allowlist' | Where-Object { $_ })
    $facts = @{ registered = ($count -gt 0); legacy_pull = $isLegacy }
    # A network is not looked into here: only a list of plain addresses can be told to lack one.
    $isPlain = @($allowed | Where-Object { "$_" -match '/' }).Count -eq 0
    if ($SiteAddress -ne '' -and $allowed.Count -gt 0 -and $isPlain -and $allowed -notcontains $SiteAddress) {
        Add-Step legacy fault 'only-from' "the Agent Controller lets in $($allowed -join ', '), not $SiteAddress" $facts 'the rule "Allowed agent access via IP address"'
    }
    elseif ($count -gt 0) { Add-Step legacy ok '' 'registered' $facts }
    elseif ($isLegacy) { Add-Step legacy warning 'legacy-plain' 'not registered: everybody who reaches the port reads agent output in plain text' $facts 'cmk-agent-ctl register' }
    else { Add-Step legacy fault 'not-registered' 'not registered at any site, and plain text is not allowed either' $facts 'cmk-agent-ctl register' }
}

function Step-Receiver {
    $first = @(Get-Member_ $script:Status 'connections' | Where-Object { Get-Member_ $_ 'site_id' } | Select-Object -First 1)
    $place = $Site; $port_ = 8000; $from = 'assumed'
    if ($place -eq '' -and $first.Count -gt 0) {
        $place = "$(Get-Member_ $first[0] 'site_id')"
        if (Get-Member_ $first[0] 'receiver_port') { $port_ = [int] (Get-Member_ $first[0] 'receiver_port'); $from = 'registration' }
    }
    if ($place -eq '') { Add-Step receiver skipped '' 'needs a site: this host is registered at none; -Site SERVER/SITE'; return }
    $server = @($place -split '/')[0].Trim('[', ']')
    $facts = @{ server = (Get-Clean $server); receiver_port = $port_; port_from = $from; addresses = @() }
    try { $facts['addresses'] = @([Net.Dns]::GetHostAddresses($server) | ForEach-Object { "$_" }) }
    catch { Add-Step receiver fault 'dns-none' "this host does not resolve $server" $facts "Resolve-DnsName $server" $_.Exception.Message; return }
    $state = Test-Connection_ $server $port_
    $facts['connect'] = $state
    $script:Ports += [ordered] @{ direction = 'out'; proto = 'tcp'; port = $port_; address = (Get-Clean $server); state = $state; needed_by = 'receiver'; raw_error = $null }
    if ($state -eq 'open') { Add-Step receiver ok '' "$server port $port_ answers" $facts }
    elseif ($state -eq 'unknown') { Add-Step receiver unknown '' "nobody could try $server port $port_" $facts }
    else { Add-Step receiver fault 'receiver-unreachable' "$server port ${port_}: $state" $facts "Test-NetConnection $server -Port $port_" }
}

function Step-Clock {
    $now = [DateTime]::UtcNow
    $facts = @{ epoch = [long] [Math]::Floor(($now - [DateTime]::new(1970, 1, 1, 0, 0, 0, [DateTimeKind]::Utc)).TotalSeconds) }
    $service = Get-Service -Name W32Time -ErrorAction SilentlyContinue
    if ($now.Year -lt 2024) { Add-Step clock fault 'clock-wrong' 'the clock of this host stands before 2024' $facts 'w32tm /resync' }
    elseif ($null -ne $service -and $service.Status -eq 'Running') { Add-Step clock ok '' 'the service W32Time is running' $facts }
    else { Add-Step clock unknown '' 'nobody could say whether the clock is right' $facts }
}

function Step-System {
    $drive = New-Object IO.DriveInfo $env:SystemDrive
    if ($drive.AvailableFreeSpace -lt 16MB) { Add-Step system fault 'disk-full' "no room left on $env:SystemDrive" @{ full = @($env:SystemDrive) } 'Get-PSDrive' }
    else { Add-Step system ok '' 'there is room' @{ full = @() } }
}

function Step-Firewall {
    $filters = @(Get-NetFirewallPortFilter -Protocol TCP -ErrorAction SilentlyContinue | Where-Object { @($_.LocalPort) -contains "$Port" })
    $rules = @($filters | Get-NetFirewallRule -ErrorAction SilentlyContinue | Where-Object { "$($_.Enabled)" -eq 'True' -and "$($_.Direction)" -eq 'Inbound' })
    $facts = @{ tools = @('netsecurity'); rules = @($rules | Select-Object -First 10 | ForEach-Object { Get-Clean "$($_.Action) $($_.DisplayName)" }) }
    if (@($rules | Where-Object { "$($_.Action)" -eq 'Block' }).Count -gt 0) { Add-Step firewall warning 'blocked' "a rule blocks port $Port" $facts "let the site reach TCP port $Port" }
    elseif ($rules.Count -gt 0) { Add-Step firewall ok '' "a rule allows port $Port" $facts }
    else { Add-Step firewall unknown '' "no rule names port ${Port}: one for the program may let it in" $facts }
}

# A step that breaks is told as such, and the others go on.
function Invoke-Steps {
    Add-Step dump skipped '' 'needs a socket of the agent, which Windows has not'
    foreach ($id in 'agent', 'starter', 'listener', 'controller', 'legacy', 'receiver', 'clock', 'system', 'firewall') {
        try { & "Step-$id" }
        catch { Add-Step $id crashed '' 'this step broke' @{} '' $_.Exception.Message }
    }
}

function Get-Cause {
    foreach ($wanted in 'fault', 'warning') {
        foreach ($id in $script:Weight) {
            $found = @($script:Steps | Where-Object { $_.id -eq $id -and $_.status -eq $wanted })
            if ($found.Count -gt 0) { return $found[0] }
        }
    }
    return $null
}

function Get-Report($Cause) {
    $count = @{ ok = 0; warning = 0; fault = 0; skipped = 0; unknown = 0; crashed = 0 }
    foreach ($step in $script:Steps) { $count[$step.status]++ }
    $verdict = 'ok'; $why = $null
    if ($count['ok'] -eq 0) { $verdict = 'unknown' }
    if ($null -ne $Cause) {
        $verdict = $Cause.status
        $fix = @()
        if ($Cause.fix -ne '') { $fix = @(@{ side = 'host'; command = $Cause.fix }) }
        $why = [ordered] @{ code = $Cause.code; fault = $script:Causes[$Cause.code][0]; exit = $script:Causes[$Cause.code][1]; side = 'host'; step = $Cause.id; text = $Cause.text; fix = $fix; see = "docs/doctor.md#$($Cause.code)" }
    }
    $run_ = $null
    if ($Run -ne '') { $run_ = $Run }
    return [ordered] @{
        schema = 1; program = "courier-doctor $($script:Version)"; host = $HostName; address = $null
        site = @{ name = $null; version = $null; edition = $null }; run = $run_
        started = [DateTime]::UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"); duration_ms = [int] $script:Began.ElapsedMilliseconds
        original = $null; verdict = $verdict; cause = $why
        steps = @($script:Steps | Select-Object -Property * -ExcludeProperty fix); ports = @($script:Ports); summary = $count
    }
}

function Write-Text($Cause) {
    $signs = @{ ok = 'ok'; warning = '! '; fault = 'x '; crashed = 'x '; skipped = '- '; unknown = '? ' }
    Write-Output "$HostName, looked at by courier-doctor $($script:Version)", ''
    foreach ($step in $script:Steps) {
        Write-Output ('  {0} {1,-11} {2}' -f $signs[$step.status], $step.id, $step.text)
        if ($null -ne $step.code) { Write-Output ('    {0,-11} {1}' -f 'cause', $step.code) }
        if ($null -ne $step.raw_error) { Write-Output ('    {0,-11} {1}' -f 'said', $step.raw_error) }
        if ($step.fix -ne '') { Write-Output ('    {0,-11} {1}' -f 'do', $step.fix) }
    }
    if ($null -eq $Cause) { Write-Output '', '  Nothing is wrong on this host, as far as somebody could look.' }
    else { Write-Output '', "  ${HostName}: $($Cause.text) ($($Cause.code))." }
}

Invoke-Steps
$cause = Get-Cause
if ($Json) { Get-Report $cause | ConvertTo-Json -Depth 6 } else { Write-Text $cause }
if ($null -ne $cause -and $cause.status -eq 'fault') { exit $script:Causes[$cause.code][1] }
exit 0
