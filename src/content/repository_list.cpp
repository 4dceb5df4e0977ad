#include "content/repository_list.h"

#include "base/limits.h"
#include "content/winnow.h"
#include "crypto/checksum.h"

#include <algorithm>
#include <cstring>
#include <tuple>

namespace sallyport::content {

namespace {

constexpr std::string_view magic = "SALLYLST";
constexpr std::uint32_t version = 1;
constexpr std::size_t id_bytes = 32, length_bytes = 4, checksum_bytes = 8;

template <class T> void put(std::string& out, T value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
template <class T> T get(std::string_view bytes, std::size_t at) {
    T value{};
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

} // namespace

std::string encode_list(std::string_view repository, unsigned window, std::vector<Place>& places) {
    const auto order = [](const Place& place) { return std::tie(place.id, place.path); };
    std::ranges::sort(places, {}, order);
    const auto twice = std::ranges::unique(places, {}, order);
    places.erase(twice.begin(), twice.end());
    std::string out(magic);
    put(out, version);
    put(out, static_cast<std::uint32_t>(window));
    put(out, static_cast<std::uint64_t>(places.size()));
    put(out, static_cast<std::uint64_t>(repository.size()));
    out += repository;
    for (const Place& place : places) {
        out += place.id.view();
        put(out, static_cast<std::uint32_t>(place.path.size()));
        out += place.path;
    }
    put(out, crypto::checksum(out));
    return out;
}

Result<RepositoryList> RepositoryList::parse(std::string bytes, const std::string& name) {
    const auto damaged = [&] {
        return fail(ErrorKind::invalid, "the list of places " + name +
                                            " is damaged: index its repository again, or restore it from a backup");
    };
    RepositoryList list;
    list.bytes_ = std::move(bytes);
    const std::string_view all = list.bytes_;
    if (all.size() < name_at + checksum_bytes || !all.starts_with(magic) || all.size() > UINT32_MAX) return damaged();
    const std::string_view body = all.substr(0, all.size() - checksum_bytes);
    if (crypto::checksum(body) != get<std::uint64_t>(all, body.size())) return damaged();
    list.window_ = get<std::uint32_t>(all, 12);
    const auto places = get<std::uint64_t>(all, 16), name_bytes = get<std::uint64_t>(all, 24);
    if (get<std::uint32_t>(all, 8) != version || list.window_ == 0 || list.window_ > window_max) return damaged();
    if (name_bytes > body.size() - name_at) return damaged();
    list.name_bytes_ = static_cast<std::uint32_t>(name_bytes);
    std::size_t at = name_at + list.name_bytes_;
    list.entries_.reserve(std::min<std::uint64_t>(places, body.size() / (id_bytes + length_bytes)));
    while (at < body.size()) {
        if (body.size() - at < id_bytes + length_bytes) return damaged();
        const auto path_bytes = get<std::uint32_t>(all, at + id_bytes);
        if (path_bytes > body.size() - at - id_bytes - length_bytes) return damaged();
        list.entries_.push_back(static_cast<std::uint32_t>(at));
        at += id_bytes + length_bytes + path_bytes;
    }
    if (list.entries_.size() != places) return damaged();
    return list;
}

std::string_view RepositoryList::path(std::size_t at) const {
    const std::size_t entry = entries_[at] + id_bytes;
    return std::string_view(bytes_).substr(entry + length_bytes, get<std::uint32_t>(bytes_, entry));
}

} // namespace sallyport::content
