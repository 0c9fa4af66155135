#include "platform/quic/tls_session.h"

#include <ngtcp2/ngtcp2_crypto_gnutls.h>

#include <string_view>

namespace sov::quic {

namespace {

// RFC 9001 s4.2: TLS 1.3 alone, without the bytes that only middleboxes on TCP want to see. The
// groups and ciphers are those that RFC 8446 s9.1 names, the fastest first.
constexpr const char* kPriority =
    "%DISABLE_TLS13_COMPAT_MODE:NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:"
    "+AES-256-GCM:+CHACHA20-POLY1305:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1";
constexpr std::string_view kAlpn = "libp2p";

constexpr unsigned kFlags =
    GNUTLS_NO_AUTO_SEND_TICKET | GNUTLS_NO_TICKETS | GNUTLS_NO_END_OF_EARLY_DATA | GNUTLS_NONBLOCK;

}  // namespace

TlsSession::TlsSession(TlsContext& context, Role role, ngtcp2_crypto_conn_ref& connection,
                       const std::optional<PeerId>& expected)
    : context_(context), role_(role), expected_(expected) {
    ok_ = set_up(context, connection);
}

TlsSession::~TlsSession() {
    if (session_ != nullptr) gnutls_deinit(session_);
}

bool TlsSession::set_up(TlsContext& context, ngtcp2_crypto_conn_ref& connection) {
    const bool server = role_ == Role::kServer;
    const unsigned side = server ? unsigned{GNUTLS_SERVER}
                                 : unsigned{GNUTLS_CLIENT} | unsigned{GNUTLS_FORCE_CLIENT_CERT};
    if (gnutls_init(&session_, side | kFlags) != 0) return false;
    if (gnutls_priority_set_direct(session_, kPriority, nullptr) != 0) return false;
    const int configured = server ? ngtcp2_crypto_gnutls_configure_server_session(session_)
                                  : ngtcp2_crypto_gnutls_configure_client_session(session_);
    if (configured != 0) return false;
    // ngtcp2's own hooks find the connection by this pointer; ours find themselves by the database
    // pointer, which nothing else uses because there are no tickets.
    gnutls_session_set_ptr(session_, &connection);
    gnutls_db_set_ptr(session_, this);
    gnutls_session_set_verify_function(session_, verify);
    if (gnutls_credentials_set(session_, GNUTLS_CRD_CERTIFICATE, context.credentials.get()) != 0) {
        return false;
    }
    if (server) {
        gnutls_certificate_server_set_request(session_, GNUTLS_CERT_REQUIRE);
        gnutls_certificate_send_x509_rdn_sequence(session_, 1);
    }
    const gnutls_datum_t alpn{reinterpret_cast<unsigned char*>(const_cast<char*>(kAlpn.data())),
                              static_cast<unsigned>(kAlpn.size())};
    return gnutls_alpn_set_protocols(session_, &alpn, 1, GNUTLS_ALPN_MANDATORY) == 0;
}

bool TlsSession::speaks_libp2p() const {
    gnutls_datum_t chosen{};
    if (gnutls_alpn_get_selected_protocol(session_, &chosen) != 0) return false;
    return std::string_view(reinterpret_cast<const char*>(chosen.data), chosen.size) == kAlpn;
}

Result<PeerId> TlsSession::judge() {
    unsigned count = 0;
    const gnutls_datum_t* chain = gnutls_certificate_get_peers(session_, &count);
    if (chain == nullptr || count != 1) return Errc::kMalformed;
    const Result<PeerId> peer = peer_of_certificate(
        context_.crypto, ByteView(chain[0].data, chain[0].size), context_.wall_clock());
    if (peer && expected_ && *peer != *expected_) return Errc::kWrongKey;
    return peer;
}

int TlsSession::verify(gnutls_session_t session) {
    auto* self = static_cast<TlsSession*>(gnutls_db_get_ptr(session));
    const Result<PeerId> peer = self->judge();
    if (!peer) {
        self->refusal_ = peer.error();
        return -1;
    }
    self->peer_ = *peer;
    return 0;
}

}  // namespace sov::quic
