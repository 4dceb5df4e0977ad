#include "bodies/reader.h"

#include "base/limits.h"

#include <algorithm>

namespace sallyport::bodies {

namespace {
std::string name(std::uint64_t number) { return "chunk " + std::to_string(number); }
} // namespace

Result<std::pair<std::filesystem::path, ChunkPlace>> Reader::place_of(std::uint64_t number) {
    const auto packs = list_packs(directory_);
    if (!packs) return std::unexpected(packs.error());
    const auto next = std::ranges::upper_bound(*packs, number, {}, &PackFile::first);
    const auto missing = [&] {
        return fail(ErrorKind::invalid, name(number) + " of the bodies is not in " + directory_.string() +
                                            ": it did not reach the disk before a crash, or its pack was taken away");
    };
    if (next == packs->begin()) return missing();
    const std::filesystem::path& path = std::prev(next)->path;
    Pack& pack = packs_[path];
    if (number >= pack.end) {
        const auto places = read_places(path, pack.end);
        if (!places) return std::unexpected(places.error());
        for (const ChunkPlace& place : *places) pack.places.emplace(place.number, place);
    }
    const auto found = pack.places.find(number);
    if (found == pack.places.end()) return missing();
    return std::pair(path, found->second);
}

Result<const crypto::SealingKey*> Reader::key(std::uint64_t id) {
    if (const auto held = held_keys_.find(id); held != held_keys_.end()) return &held->second;
    const auto record = keys_.find(id);
    if (!record) return std::unexpected(record.error());
    if (!*record) return fail(ErrorKind::invalid, "the key of the body is not among this installation's keys");
    if ((*record)->erased_ms != 0) return fail(ErrorKind::refused, "the body was erased: " + (*record)->erased_why);
    const store::BodyPlace& place = (*record)->place;
    auto plain = wrapping_.open((*record)->sealed,
                                "body key " + place.repository + "\n" + place.person + "\n" + place.effective_class);
    if (!plain) return std::unexpected(plain.error());
    return &held_keys_.emplace(id, crypto::SealingKey(Secret(std::move(*plain)))).first->second;
}

Result<const OpenChunk*> Reader::chunk(std::uint64_t number) {
    if (const auto there = chunks_.find(number); there != chunks_.end()) return &there->second;
    const auto place = place_of(number);
    if (!place) return std::unexpected(place.error());
    const auto sealed = read_chunk(place->first, place->second);
    if (!sealed) return std::unexpected(sealed.error());
    const auto opened_with = key(place->second.key);
    if (!opened_with) return std::unexpected(opened_with.error());
    auto opened = open_chunk(**opened_with, number, *sealed);
    if (!opened) return std::unexpected(opened.error());
    return &chunks_.emplace(number, std::move(*opened)).first->second;
}

namespace {
constexpr std::size_t open_chunks_max = 16; // for runs() and bytes()
}

Result<std::vector<Run>> Reader::runs(std::uint64_t number) {
    if (chunks_.size() >= open_chunks_max) chunks_.clear();
    const auto own = chunk(number);
    if (!own) return std::unexpected(own.error());
    return (*own)->runs;
}

Result<std::string_view> Reader::bytes(const Run& run) {
    if (chunks_.size() >= open_chunks_max) chunks_.clear();
    const auto part = chunk(run.chunk);
    if (!part) return std::unexpected(part.error());
    const std::string_view bytes = (*part)->bytes;
    if (run.offset > bytes.size() || run.length > bytes.size() - run.offset)
        return fail(ErrorKind::invalid, name(run.chunk) + " does not have the bytes that a body is said to be of");
    return bytes.substr(run.offset, run.length);
}

Result<std::string> Reader::body(std::uint64_t number) {
    chunks_.clear();
    const auto own = chunk(number);
    if (!own) return std::unexpected(own.error());
    const std::vector<Run> runs = (*own)->runs;
    std::string out;
    for (const Run& run : runs) {
        const auto part = chunk(run.chunk);
        if (!part) return std::unexpected(part.error());
        const std::string& bytes = (*part)->bytes;
        if (run.offset > bytes.size() || run.length > bytes.size() - run.offset)
            return fail(ErrorKind::invalid,
                        name(number) + " tells of bytes that " + name(run.chunk) + " does not have");
        if (out.size() + run.length > limits::chunk_bytes_max)
            return fail(ErrorKind::too_large, name(number) + " tells of a body larger than any that is kept");
        out.append(bytes, run.offset, run.length);
    }
    return out;
}

} // namespace sallyport::bodies
