#include "http/coding.h"

#include "base/text.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <optional>
#include <string>

namespace sallyport::http {

namespace {

constexpr std::size_t step_bytes = 64 * 1024;

std::unexpected<Error> damaged(const char* coding, ErrorSource source) {
    return fail(ErrorKind::invalid, std::string("the body is not valid ") + coding, source);
}
std::unexpected<Error> too_large(std::size_t bytes_max, ErrorSource source) {
    return fail(ErrorKind::too_large, "the body is larger than " + std::to_string(bytes_max) + " bytes when decoded",
                source);
}
// Room for one step, but never far beyond the bound.
void make_room(Buffer& out, std::size_t bytes_max) {
    if (out.room().size() >= step_bytes) return;
    out.reserve(std::min(std::max(out.size() + step_bytes, out.capacity() * 2), bytes_max + step_bytes));
}

class ZlibDecoder final : public Decoder {
public:
    explicit ZlibDecoder(ErrorSource source) : source_(source) {
        inflateInit2(&stream_, 15 + 32); // gzip or zlib by their headers
    }
    ~ZlibDecoder() override { inflateEnd(&stream_); }
    Result<void> decode(std::string_view input, Buffer& out, std::size_t bytes_max) override {
        if (finished_ && !input.empty()) return damaged("gzip (data follows its end)", source_);
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
        stream_.avail_in = static_cast<uInt>(input.size());
        while (true) {
            make_room(out, bytes_max);
            const auto room = out.room();
            stream_.next_out = reinterpret_cast<Bytef*>(room.data());
            stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(room.size(), 1u << 30));
            const uInt before = stream_.avail_out;
            const int code = inflate(&stream_, Z_NO_FLUSH);
            out.commit(before - stream_.avail_out);
            if (out.size() > bytes_max) return too_large(bytes_max, source_);
            if (code == Z_STREAM_END) {
                finished_ = true;
                if (stream_.avail_in > 0) return damaged("gzip (data follows its end)", source_);
                return {};
            }
            if (code == Z_BUF_ERROR || (code == Z_OK && stream_.avail_in == 0 && stream_.avail_out > 0)) return {};
            if (code != Z_OK) return damaged("gzip or deflate", source_);
        }
    }
    bool finished() const override { return finished_; }

private:
    ErrorSource source_;
    z_stream stream_{};
    bool finished_ = false;
};

class BrotliDecoder final : public Decoder {
public:
    explicit BrotliDecoder(ErrorSource source)
        : source_(source), state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {}
    ~BrotliDecoder() override { BrotliDecoderDestroyInstance(state_); }
    Result<void> decode(std::string_view input, Buffer& out, std::size_t bytes_max) override {
        if (finished_ && !input.empty()) return damaged("br (data follows its end)", source_);
        const auto* next = reinterpret_cast<const std::uint8_t*>(input.data());
        std::size_t available = input.size();
        while (true) {
            make_room(out, bytes_max);
            const auto room = out.room();
            auto* into = reinterpret_cast<std::uint8_t*>(room.data());
            std::size_t free = room.size();
            const BrotliDecoderResult result =
                BrotliDecoderDecompressStream(state_, &available, &next, &free, &into, nullptr);
            out.commit(room.size() - free);
            if (out.size() > bytes_max) return too_large(bytes_max, source_);
            if (result == BROTLI_DECODER_RESULT_ERROR) return damaged("br", source_);
            // It can ask for more although the room was too small for what it has.
            if (result == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT && BrotliDecoderHasMoreOutput(state_) == BROTLI_FALSE)
                return {};
            if (result == BROTLI_DECODER_RESULT_SUCCESS) {
                finished_ = true;
                if (available > 0) return damaged("br (data follows its end)", source_);
                return {};
            }
        }
    }
    bool finished() const override { return finished_; }

private:
    ErrorSource source_;
    BrotliDecoderState* state_;
    bool finished_ = false;
};

class ZstdDecoder final : public Decoder {
public:
    explicit ZstdDecoder(ErrorSource source) : source_(source), stream_(ZSTD_createDStream()) {
        ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax,
                               23); // 8 MiB, as RFC 8878 section 3.1.1.1.2 asks decoders to bound
    }
    ~ZstdDecoder() override { ZSTD_freeDStream(stream_); }
    Result<void> decode(std::string_view input, Buffer& out, std::size_t bytes_max) override {
        while (true) {
            if (between_frames_) { // several frames may follow each other
                if (!read_header(input)) return damaged("zstd", source_);
                if (header_.size() < header_bytes()) return {};
                between_frames_ = false;
                announced_ = content_bytes();
                frame_bytes_ = 0;
                std::string_view header = header_;
                if (auto fed = feed(header, out, bytes_max); !fed) return fed;
                header_.clear();
                any_ = true;
            }
            if (input.empty()) return {};
            if (auto fed = feed(input, out, bytes_max); !fed) return fed;
        }
    }
    bool finished() const override { return any_ && between_frames_ && header_.empty(); }

private:
    // RFC 8878 section 3.1.1. The library would also read the formats before the standard and skippable frames (3.1.2), whose
    // content nobody judges: a vendor may read them differently, and no client sends them.
    static constexpr std::string_view magic = "\x28\xB5\x2F\xFD";
    static constexpr std::size_t descriptor_end = magic.size() + 1;

    // Of the frame that begins, as far as it is known (section 3.1.1.1): window descriptor unless it is a single segment,
    // dictionary id, content size.
    std::size_t header_bytes() const {
        if (header_.size() < descriptor_end) return descriptor_end;
        const auto descriptor = static_cast<unsigned char>(header_[magic.size()]);
        const unsigned content_flag = descriptor >> 6, dictionary_flag = descriptor & 3;
        const bool single = (descriptor & 0x20) != 0;
        return descriptor_end + (single ? 0 : 1) + (dictionary_flag == 3 ? 4 : dictionary_flag) +
               (content_flag == 0 ? (single ? 1 : 0) : 1u << content_flag);
    }

    // What a whole header says of the frame's content: its last 1, 2 (from 256 on), 4 or 8 bytes, little-endian.
    std::optional<std::uint64_t> content_bytes() const {
        const auto descriptor = static_cast<unsigned char>(header_[magic.size()]);
        const unsigned flag = descriptor >> 6;
        if (flag == 0 && (descriptor & 0x20) == 0) return std::nullopt;
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < (std::size_t{1} << flag); ++i)
            value = value << 8 | static_cast<unsigned char>(header_[header_.size() - 1 - i]);
        return flag == 1 ? value + 256 : value;
    }

    // Moves what belongs to it from `input`; false if no frame begins here. The library is given a header whole and alone:
    // where a call begins within one, it takes the bytes there for a frame's beginning, and reads another content.
    bool read_header(std::string_view& input) {
        while (!input.empty() && header_.size() < header_bytes()) {
            const std::size_t wanted = std::min(header_bytes() - header_.size(), input.size());
            header_.append(input.substr(0, wanted));
            input.remove_prefix(wanted);
            if (!header_.starts_with(magic.substr(0, header_.size()))) return false;
        }
        return true;
    }

    // Until the input is used up or a frame ends; takes off the front what was used.
    Result<void> feed(std::string_view& input, Buffer& out, std::size_t bytes_max) {
        while (true) {
            make_room(out, bytes_max);
            const auto room = out.room();
            ZSTD_inBuffer in{input.data(), input.size(), 0};
            ZSTD_outBuffer into{room.data(), room.size(), 0};
            const std::size_t code = ZSTD_decompressStream(stream_, &into, &in);
            out.commit(into.pos);
            input.remove_prefix(in.pos);
            if (out.size() > bytes_max) return too_large(bytes_max, source_);
            if (ZSTD_isError(code) != 0) return damaged("zstd", source_);
            frame_bytes_ += into.pos;
            between_frames_ = code == 0;
            // The library does not look where the last block is empty; a reader of the whole body at once does.
            if (between_frames_ && announced_ && *announced_ != frame_bytes_) return damaged("zstd", source_);
            if (between_frames_ || (input.empty() && into.pos < into.size)) return {};
        }
    }

    ErrorSource source_;
    ZSTD_DStream* stream_;
    std::string header_;                     // of a frame that begins, until it is whole
    std::optional<std::uint64_t> announced_; // content of the frame being read, where its header says it
    std::uint64_t frame_bytes_ = 0;
    bool between_frames_ = true;
    bool any_ = false;
};

} // namespace

bool is_identity(std::string_view coding) { return coding.empty() || equals_ignoring_case(coding, "identity"); }

std::unique_ptr<Decoder> make_decoder(std::string_view coding, ErrorSource source) {
    if (equals_ignoring_case(coding, "gzip") || equals_ignoring_case(coding, "x-gzip") ||
        equals_ignoring_case(coding, "deflate"))
        return std::make_unique<ZlibDecoder>(source);
    if (equals_ignoring_case(coding, "br")) return std::make_unique<BrotliDecoder>(source);
    if (equals_ignoring_case(coding, "zstd")) return std::make_unique<ZstdDecoder>(source);
    return nullptr;
}

} // namespace sallyport::http
