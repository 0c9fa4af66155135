#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <memory>
#include <vector>

#include "tests/bench/measure.h"

// A plain TCP stream with TLS 1.3 and a certificate on both sides, by the kernel and OpenSSL: what
// a connection without peers, streams and NATs would give between the same two processes.

namespace sov::bench {

class TlsEnd {
  public:
    TlsEnd() {
        // A self-signed Ed25519 certificate, as peers have one.
        std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
            EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free);
        std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
        X509_set_version(certificate.get(), 2);
        X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
        X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
        X509_set_pubkey(certificate.get(), key.get());
        require(X509_sign(certificate.get(), key.get(), nullptr) > 0, "no certificate");
        context_.reset(SSL_CTX_new(TLS_method()));
        SSL_CTX_set_min_proto_version(context_.get(), TLS1_3_VERSION);
        SSL_CTX_set_ciphersuites(context_.get(), "TLS_AES_128_GCM_SHA256");
        SSL_CTX_use_certificate(context_.get(), certificate.get());
        SSL_CTX_use_PrivateKey(context_.get(), key.get());
        SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                           [](int, X509_STORE_CTX*) { return 1; });
        SSL_CTX_set_num_tickets(context_.get(), 0);
    }

    /// Takes one connection after the other: what comes is echoed if it begins with 'e', or else
    /// answered with one byte when `bytes` have come.
    [[noreturn]] void serve(int listener, std::size_t bytes) {
        std::vector<char> piece(256 << 10);
        for (;;) {
            const int stream = accept(listener, nullptr, nullptr);
            auto tls = on(stream);
            std::size_t got = 0;
            if (SSL_accept(tls.get()) == 1) {
                for (;;) {
                    const int size =
                        SSL_read(tls.get(), piece.data(), static_cast<int>(piece.size()));
                    if (size <= 0) break;
                    got += static_cast<std::size_t>(size);
                    if (piece[0] == 'e') SSL_write(tls.get(), piece.data(), size);
                    if (got == bytes) SSL_write(tls.get(), "x", 1);
                }
            }
            close(stream);
        }
    }
    /// Connects, sends so many bytes that begin with `first`, and waits for a byte of the answer.
    void ask(const sockaddr_in& to, std::size_t bytes, char first, const char* control) {
        const int stream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int yes = 1;
        setsockopt(stream, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        require(setsockopt(stream, IPPROTO_TCP, TCP_CONGESTION, control,
                           static_cast<socklen_t>(std::strlen(control))) == 0,
                "no such congestion control of TCP");
        require(::connect(stream, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0,
                "no TCP");
        auto tls = on(stream);
        require(SSL_connect(tls.get()) == 1, "no TLS");
        const std::vector<char> piece(std::min<std::size_t>(bytes, 256 << 10), first);
        for (std::size_t sent = 0; sent < bytes; sent += piece.size()) {
            require(SSL_write(tls.get(), piece.data(), static_cast<int>(piece.size())) > 0,
                    "no TLS");
        }
        char answer = 0;
        require(SSL_read(tls.get(), &answer, 1) == 1, "no answer");
        close(stream);
    }

  private:
    using Tls = std::unique_ptr<SSL, decltype(&SSL_free)>;
    Tls on(int stream) {
        Tls tls(SSL_new(context_.get()), SSL_free);
        SSL_set_fd(tls.get(), stream);
        return tls;
    }
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{nullptr, SSL_CTX_free};
};

}  // namespace sov::bench
