#pragma once

#include <optional>
#include <string_view>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/base/result.h"

// How a TLS certificate says which peer it speaks for (libp2p specs, tls/tls.md): an extension with
// the peer's key and that key's signature over the certificate's own key. Bytes only: who signs and
// verifies is the caller.

namespace sov::streams {

inline constexpr const char* kTlsIdentityOid = "1.3.6.1.4.1.53594.1.1";
/// Certificates longer than this are not looked at. Ours have about 400 bytes; one of an RSA peer
/// with 8192 bits would fit.
inline constexpr std::size_t kCertificateBytesMax = 4096;

/// The content of the extension: SEQUENCE { OCTET STRING public key, OCTET STRING signature }.
struct TlsIdentity {
    PeerId peer;
    Signature signature;
};

/// What the peer's key signs: a prefix and the certificate's SubjectPublicKeyInfo in DER.
Bytes tls_identity_message(ByteView public_key_info);

Bytes encode_tls_identity(const TlsIdentity& identity);
/// kMalformed; kUnsupported for a peer whose key is not Ed25519: it has no PeerId here.
Result<TlsIdentity> read_tls_identity(ByteView extension);

/// The part of a DER certificate that its signature covers, borrowed from it. Nothing when the
/// outermost layers are not what RFC 5280 s4.1 says, or when there is anything behind them.
std::optional<ByteView> signed_part(ByteView certificate);

}  // namespace sov::streams
