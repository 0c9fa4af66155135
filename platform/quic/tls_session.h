#pragma once

#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include <memory>
#include <optional>

#include "daemon/core/base/result.h"
#include "platform/quic/certificate.h"

namespace sov::quic {

enum class Role : std::uint8_t { kClient, kServer };

/// What TLS sessions of one transport share.
struct TlsContext {
    identity::Crypto& crypto;
    Credentials credentials;
    UnixMillis (*wall_clock)() = nullptr;
};

/// The TLS 1.3 session of one connection, set up as libp2p asks: ALPN "libp2p", both sides show
/// exactly one certificate, no server name, no tickets, no early data.
class TlsSession {
  public:
    /// `connection` is what ngtcp2's callbacks find the connection by; it, `context` and this stay
    /// where they are while the session lives. `expected`: the peer that was dialled.
    TlsSession(TlsContext& context, Role role, ngtcp2_crypto_conn_ref& connection,
               const std::optional<PeerId>& expected);
    ~TlsSession();
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;

    /// False when GnuTLS could not set it up: no memory.
    bool ok() const { return ok_; }
    gnutls_session_t native() const { return session_; }

    /// The peer that the other side has proven to be; nothing before and without proof.
    const std::optional<PeerId>& peer() const { return peer_; }
    /// Why the other side's certificate was refused, if it was. kWrongKey: it proved to be
    /// somebody else than was expected.
    const std::optional<Errc>& refusal() const { return refusal_; }
    /// Whether both agreed on ALPN "libp2p".
    bool speaks_libp2p() const;

  private:
    bool set_up(TlsContext& context, ngtcp2_crypto_conn_ref& connection);
    Result<PeerId> judge();
    static int verify(gnutls_session_t session);

    TlsContext& context_;
    Role role_;
    std::optional<PeerId> expected_, peer_;
    std::optional<Errc> refusal_;
    gnutls_session_t session_ = nullptr;
    bool ok_ = false;
};

}  // namespace sov::quic
