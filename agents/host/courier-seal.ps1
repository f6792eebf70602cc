#requires -Version 5.1
<#
.SYNOPSIS
Seals the output of an agent on a Windows host, or makes the key for that.

.DESCRIPTION
courier-seal.md describes keys and options. Reads a file and writes a drop: PowerShell's own pipes
would take the bytes for text. Works with Windows PowerShell 5.1 (.NET Framework 4.7.2) and PowerShell 7.

.PARAMETER Verb
seal (the default), init (make the key) or show (its public half and fingerprint).

.PARAMETER In
The file with the output of the agent.

.PARAMETER Out
The drop. It is written under another name first.

.PARAMETER Keys
The directory with the key of this host.

.PARAMETER HostName
The name of this host in Checkmk.

.PARAMETER Produced
When the agent began, as YYYYMMDDHHMMSS in UTC; now unless given.

.PARAMETER Recipient
Public keys (PEM) of the sites to encrypt for; every site*.pub in the keys directory unless given.
#>
param(
    [ValidateSet('seal', 'init', 'show')] [string] $Verb = 'seal',
    [string] $In,
    [string] $Out,
    [string] $Keys = "$env:ProgramData\cmk-courier\seal",
    [string] $HostName = [Environment]::MachineName,
    [string] $Produced = [DateTime]::UtcNow.ToString('yyyyMMddHHmmss'),
    [string[]] $Recipient = @()
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

# Ends the script with one line on standard error; main turns it into the exit code.
function Stop-Sealing([int] $Code, [string] $Message) {
    $fault = New-Object System.Exception ($Message -replace '[\x00-\x20\x7f]+', ' ')
    $fault.Data['Code'] = $Code
    throw $fault
}

# One value of ASN.1 in DER: tag, length, content.
function New-Der([byte] $Tag, [byte[]] $Content) {
    $length = $Content.Length
    if ($length -lt 128) { $head = [byte[]] @($Tag, $length) }
    elseif ($length -lt 256) { $head = [byte[]] @($Tag, 0x81, $length) }
    else { $head = [byte[]] @($Tag, 0x82, [Math]::Floor($length / 256), ($length % 256)) }
    return , [byte[]] ($head + $Content)
}

# A positive INTEGER: a leading zero where the first bit is set.
function New-DerInteger([byte[]] $Bytes) {
    if ($Bytes[0] -ge 128) { $Bytes = [byte[]] (@([byte] 0) + $Bytes) }
    return , (New-Der 0x02 $Bytes)
}

# SubjectPublicKeyInfo: RFC 5280 4.1, RFC 8017 A.1.1.
function Get-PublicDer([Security.Cryptography.RSAParameters] $Key) {
    $algorithm = [byte[]] @(0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00)
    $numbers = New-Der 0x30 ([byte[]] ((New-DerInteger $Key.Modulus) + (New-DerInteger $Key.Exponent)))
    $bits = New-Der 0x03 ([byte[]] (@([byte] 0) + $numbers))
    return , (New-Der 0x30 ([byte[]] ($algorithm + $bits)))
}

# Reads tag and length at a place; returns where the content begins, and its length.
function Read-Der([byte[]] $Bytes, [int] $At, [byte] $Tag) {
    if ($Bytes[$At] -ne $Tag) { Stop-Sealing 4 'not an RSA public key in PEM' }
    $length = [int] $Bytes[$At + 1]
    $start = $At + 2
    if ($length -gt 128) {
        $count = $length - 128
        $length = 0
        for ($i = 0; $i -lt $count; $i++) { $length = $length * 256 + $Bytes[$start + $i] }
        $start += $count
    }
    return @{ Start = $start; Length = $length; End = $start + $length }
}

function Read-DerInteger([byte[]] $Bytes, [int] $At) {
    $place = Read-Der $Bytes $At 0x02
    $start = $place.Start
    while ($Bytes[$start] -eq 0 -and $start -lt $place.End - 1) { $start++ }
    return @{ Value = [byte[]] $Bytes[$start..($place.End - 1)]; End = $place.End }
}

# The public key of a site.
function Read-PublicKey([string] $Path) {
    $text = [IO.File]::ReadAllText($Path)
    if ($text -notmatch '(?s)-----BEGIN PUBLIC KEY-----(.+?)-----END PUBLIC KEY-----') {
        Stop-Sealing 4 "${Path}: not an RSA public key in PEM"
    }
    $der = [Convert]::FromBase64String(($Matches[1] -replace '\s', ''))
    $whole = Read-Der $der 0 0x30
    $algorithm = Read-Der $der $whole.Start 0x30
    $bits = Read-Der $der $algorithm.End 0x03
    $numbers = Read-Der $der ($bits.Start + 1) 0x30
    $modulus = Read-DerInteger $der $numbers.Start
    $exponent = Read-DerInteger $der $modulus.End
    $parameters = New-Object Security.Cryptography.RSAParameters
    $parameters.Modulus = $modulus.Value
    $parameters.Exponent = $exponent.Value
    return @{ Id = (Get-Sha256 $der); Parameters = $parameters }
}

function Get-Sha256([byte[]] $Bytes) {
    $hash = [Security.Cryptography.SHA256]::Create()
    try { return ([BitConverter]::ToString($hash.ComputeHash($Bytes)) -replace '-', '').ToLowerInvariant() }
    finally { $hash.Dispose() }
}

# Lines of 64 columns.
function Get-Base64Lines([byte[]] $Bytes, [string] $Prefix) {
    $text = [Convert]::ToBase64String($Bytes)
    for ($at = 0; $at -lt $text.Length; $at += 64) {
        "$Prefix$($text.Substring($at, [Math]::Min(64, $text.Length - $at)))"
    }
}

function Get-KeyFile { Join-Path $Keys 'key.xml' }

# Nobody but SYSTEM and Administrators may read it.
function Open-Key {
    $file = Get-KeyFile
    if (-not (Test-Path -LiteralPath $file -PathType Leaf)) {
        Stop-Sealing 4 "there is no key of this host in ${Keys}: courier-seal.ps1 init makes one"
    }
    $rights = (Get-Acl -LiteralPath $file).GetAccessRules($true, $true, [Security.Principal.SecurityIdentifier])
    # Everyone, Authenticated Users, Users
    $public = @($rights | Where-Object {
            $_.AccessControlType -eq 'Allow' -and
            @('S-1-1-0', 'S-1-5-11', 'S-1-5-32-545') -contains $_.IdentityReference.Value
        })
    if ($public.Count -gt 0) { Stop-Sealing 4 "others may read $file" }
    $key = [Security.Cryptography.RSA]::Create()
    $key.FromXmlString([IO.File]::ReadAllText($file))
    return $key
}

# A key that is there stays.
function Initialize-Key {
    [void] (New-Item -ItemType Directory -Force -Path $Keys)
    & "$env:SystemRoot\System32\icacls.exe" $Keys /inheritance:r /grant '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F' | Out-Null
    if (Test-Path -LiteralPath (Get-KeyFile)) { return }
    $key = [Security.Cryptography.RSACryptoServiceProvider]::new(3072)
    $key.PersistKeyInCsp = $false
    try {
        $new = Join-Path $Keys 'key.new'
        [IO.File]::WriteAllText($new, $key.ToXmlString($true))
        Move-Item -LiteralPath $new -Destination (Get-KeyFile)
    }
    finally { $key.Dispose() }
}

function Show-Key {
    $key = Open-Key
    try {
        $der = Get-PublicDer $key.ExportParameters($false)
        '-----BEGIN PUBLIC KEY-----'
        Get-Base64Lines $der ''
        '-----END PUBLIC KEY-----'
        $hash = [Security.Cryptography.SHA256]::Create()
        $print = [Convert]::ToBase64String($hash.ComputeHash($der)).TrimEnd('=')
        [Console]::Error.WriteLine("fingerprint: SHA256:$print")
    }
    finally { $key.Dispose() }
}

function Compress-Bytes([byte[]] $Bytes) {
    $target = New-Object IO.MemoryStream
    $gzip = [IO.Compression.GZipStream]::new($target, [IO.Compression.CompressionMode]::Compress)
    $gzip.Write($Bytes, 0, $Bytes.Length)
    $gzip.Dispose()
    return , $target.ToArray()
}

function Get-RandomBytes([int] $Count) {
    $bytes = New-Object byte[] $Count
    $random = [Security.Cryptography.RandomNumberGenerator]::Create()
    try { $random.GetBytes($bytes) } finally { $random.Dispose() }
    return , $bytes
}

# What `openssl enc -aes-256-cbc -md sha256` writes: one round of EVP_BytesToKey.
function Protect-Body([byte[]] $Body, [byte[]] $Line) {
    $salt = Get-RandomBytes 8
    $hash = [Security.Cryptography.SHA256]::Create()
    $derived = [byte[]] @()
    $last = [byte[]] @()
    while ($derived.Length -lt 48) {
        $last = $hash.ComputeHash([byte[]] ($last + $Line + $salt))
        $derived = [byte[]] ($derived + $last)
    }
    $aes = [Security.Cryptography.Aes]::Create()
    $aes.Mode = [Security.Cryptography.CipherMode]::CBC
    $aes.Padding = [Security.Cryptography.PaddingMode]::PKCS7
    $aes.Key = [byte[]] $derived[0..31]
    $aes.IV = [byte[]] $derived[32..47]
    try {
        $encrypted = $aes.CreateEncryptor().TransformFinalBlock($Body, 0, $Body.Length)
        return , [byte[]] ([Text.Encoding]::ASCII.GetBytes('Salted__') + $salt + $encrypted)
    }
    finally { $aes.Dispose() }
}

# The key line, wrapped for each site.
function Get-RecipientLines([byte[]] $Line, [string[]] $Files) {
    foreach ($file in $Files) {
        $site = Read-PublicKey $file
        $key = [Security.Cryptography.RSA]::Create()
        try {
            $key.ImportParameters($site.Parameters)
            $wrapped = $key.Encrypt($Line, [Security.Cryptography.RSAEncryptionPadding]::OaepSHA1)
        }
        finally { $key.Dispose() }
        "recipient $($site.Id)"
        'wrapped-key'
        Get-Base64Lines $wrapped '+'
    }
}

# The bytes of lines with line feeds.
function Get-LineBytes([string[]] $Lines) {
    return , [Text.Encoding]::ASCII.GetBytes(($Lines -join "`n") + "`n")
}

function New-Drop([byte[]] $Output) {
    $body = Compress-Bytes $Output
    $files = @($Recipient)
    if ($files.Count -eq 0) { $files = @(Get-ChildItem -LiteralPath $Keys -Filter 'site*.pub' -File | ForEach-Object { $_.FullName }) }
    $encryption = @('encryption none')
    if ($files.Count -gt 0) {
        $random = ([BitConverter]::ToString((Get-RandomBytes 32)) -replace '-', '').ToLowerInvariant()
        $line = [Text.Encoding]::ASCII.GetBytes("$random $HostName")
        $body = Protect-Body $body $line
        $encryption = @('encryption aes-256-cbc+rsa-oaep') + @(Get-RecipientLines $line $files)
    }
    $payload = Get-LineBytes (@(
            'format cmk-courier-drop/1', "host $HostName", "produced $Produced", "body-size $($body.Length)",
            "body-sha256 $(Get-Sha256 $body)", 'content-encoding gzip') + $encryption)
    $key = Open-Key
    try {
        $id = Get-Sha256 (Get-PublicDer $key.ExportParameters($false))
        $signature = $key.SignData($payload, [Security.Cryptography.HashAlgorithmName]::SHA256,
            [Security.Cryptography.RSASignaturePadding]::Pkcs1)
    }
    finally { $key.Dispose() }
    $seal = Get-LineBytes (@('-- signatures', "key $id") + @(Get-Base64Lines $signature '') + @('-- body'))
    return , [byte[]] ($payload + $seal + $body)
}

function Write-Drop {
    if ($HostName -notmatch '^[A-Za-z0-9_][A-Za-z0-9_.-]*$') { Stop-Sealing 2 'HostName is no name Checkmk would accept' }
    if ($Produced -notmatch '^[0-9]{14}$') { Stop-Sealing 2 'Produced must look like 20261127233137' }
    if ($In -eq '' -or $Out -eq '') { Stop-Sealing 2 'In and Out are missing: the output of the agent, and where to put the drop' }
    $output = [IO.File]::ReadAllBytes($In)
    if ($output.Length -eq 0) { Stop-Sealing 9 "there is nothing to seal in $In" }
    $new = "$Out.new"
    [IO.File]::WriteAllBytes($new, (New-Drop $output))
    Move-Item -Force -LiteralPath $new -Destination $Out
}

$exitCode = 0
try {
    switch ($Verb) {
        'init' { Initialize-Key; Show-Key }
        'show' { Show-Key }
        default { Write-Drop }
    }
}
catch {
    $exitCode = $_.Exception.Data['Code']
    if ($null -eq $exitCode) { $exitCode = 4 }
    [Console]::Error.WriteLine("courier-seal: $($_.Exception.Message)")
}
exit $exitCode
