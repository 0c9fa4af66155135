#include "platform/quic/quic_connection.h"

#include <gnutls/crypto.h>

#include <utility>

namespace sov::quic {

// ---- what ngtcp2 calls
// ---------------------------------------------------------------------------

// What ngtcp2 calls, from within its own calls only.
struct QuicConnection::Callbacks {
    static QuicConnection& self(void* user) { return *static_cast<QuicConnection*>(user); }
    static constexpr int kFailed = NGTCP2_ERR_CALLBACK_FAILURE;

    static void random(std::uint8_t* to, std::size_t size, const ngtcp2_rand_ctx*) {
        gnutls_rnd(GNUTLS_RND_NONCE, to, size);
    }
    static int new_connection_id(ngtcp2_conn*, ngtcp2_cid* cid, std::uint8_t* token,
                                 std::size_t size, void* user) {
        *cid = random_cid(size);
        self(user).host_.reset_token(*cid, token);
        self(user).host_.add_key(ConnectionKey::of(*cid), self(user).options_.id);
        return 0;
    }
    static int remove_connection_id(ngtcp2_conn*, const ngtcp2_cid* cid, void* user) {
        self(user).host_.remove_key(ConnectionKey::of(*cid));
        return 0;
    }
    static int path_challenge(ngtcp2_conn*, std::uint8_t* data, void*) {
        return gnutls_rnd(GNUTLS_RND_RANDOM, data, NGTCP2_PATH_CHALLENGE_DATALEN) == 0 ? 0
                                                                                       : kFailed;
    }
    static int handshake_completed(ngtcp2_conn*, void* user) {
        QuicConnection& to = self(user);
        if (!to.tls_->peer() || !to.tls_->speaks_libp2p()) return kFailed;
        to.handshake_done_ = to.address_proven_ = true;
        if (to.role_ == Role::kServer) {
            to.set_connected();
        } else {
            to.host_.emit(ports::PeerProven{to.options_.id, *to.tls_->peer()});
        }
        return 0;
    }
    static int handshake_confirmed(ngtcp2_conn*, void* user) {
        if (!self(user).connected_) self(user).set_connected();
        return 0;
    }
    static int stream_open(ngtcp2_conn*, std::int64_t number, void* user) {
        self(user).streams_.try_emplace(number);
        self(user).tell_arrivals();
        return 0;
    }
    static int stream_data(ngtcp2_conn*, std::uint32_t flags, std::int64_t number, std::uint64_t,
                           const std::uint8_t* data, std::size_t size, void* user, void*) {
        const bool end = (flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0;
        return self(user).take_stream_bytes(number, ByteView(data, size), end) ? 0 : kFailed;
    }
    static int stream_acknowledged(ngtcp2_conn*, std::int64_t number, std::uint64_t offset,
                                   std::uint64_t size, void* user, void*) {
        QuicConnection& to = self(user);
        Stream* stream = to.find(number);
        if (stream == nullptr) return 0;
        stream->out.acknowledged(offset + size);
        if (stream->wants_room && stream->out.size() <= to.send_buffer_bytes() / 2) {
            stream->wants_room = false;
            to.host_.emit(ports::StreamWritable{{to.options_.id, number}});
        }
        return 0;
    }
    static int stream_reset(ngtcp2_conn*, std::int64_t number, std::uint64_t, std::uint64_t code,
                            void* user, void*) {
        QuicConnection& to = self(user);
        Stream* stream = to.find(number);
        if (stream == nullptr || stream->dropped) return 0;
        to.drop_unread(*stream);
        if (stream->arrived_told) {
            to.host_.emit(ports::StreamReset{{to.options_.id, number}, code});
        }
        return 0;
    }
    static int stream_closed(ngtcp2_conn*, std::uint32_t, std::int64_t number, std::uint64_t,
                             void* user, void*) {
        QuicConnection& to = self(user);
        Stream* stream = to.find(number);
        if (stream == nullptr) return 0;
        stream->over = stream->stopped = true;
        stream->out.clear();
        to.end_stream_if_done(number);
        return 0;
    }
    static int path_validated(ngtcp2_conn*, std::uint32_t, const ngtcp2_path* path,
                              ngtcp2_path_validation_result result, void* user) {
        if (result == NGTCP2_PATH_VALIDATION_RESULT_SUCCESS) self(user).note_path(*path);
        return 0;
    }
    static ngtcp2_callbacks all() {
        ngtcp2_callbacks to{};
        to.client_initial = ngtcp2_crypto_client_initial_cb;
        to.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb;
        to.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb;
        to.recv_retry = ngtcp2_crypto_recv_retry_cb;
        to.encrypt = ngtcp2_crypto_encrypt_cb;
        to.decrypt = ngtcp2_crypto_decrypt_cb;
        to.hp_mask = ngtcp2_crypto_hp_mask_cb;
        to.update_key = ngtcp2_crypto_update_key_cb;
        to.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb;
        to.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb;
        to.version_negotiation = ngtcp2_crypto_version_negotiation_cb;
        to.rand = random;
        to.get_new_connection_id = new_connection_id;
        to.remove_connection_id = remove_connection_id;
        to.get_path_challenge_data = path_challenge;
        to.handshake_completed = handshake_completed;
        to.handshake_confirmed = handshake_confirmed;
        to.stream_open = stream_open;
        to.recv_stream_data = stream_data;
        to.acked_stream_data_offset = stream_acknowledged;
        to.stream_reset = stream_reset;
        to.stream_close = stream_closed;
        to.path_validation = path_validated;
        return to;
    }
};

ngtcp2_callbacks QuicConnection::native_callbacks() { return Callbacks::all(); }

ngtcp2_conn* QuicConnection::native_of(ngtcp2_crypto_conn_ref* reference) {
    return Callbacks::self(reference->user_data).native_;
}

ngtcp2_cid random_cid(std::size_t size) {
    ngtcp2_cid cid{};
    cid.datalen = size;
    SOV_CHECK(gnutls_rnd(GNUTLS_RND_RANDOM, cid.data, size) == 0);
    return cid;
}

}  // namespace sov::quic
