#include "net/task.h"

#include <array>

namespace sallyport::net {

namespace {
constexpr std::size_t class_bytes = 64;
constexpr std::size_t classes = 64; // up to 4 KiB
constexpr std::size_t kept_per_class = 256;

struct Block {
    Block* next;
};
struct Lists {
    std::array<Block*, classes> head{};
    std::array<std::size_t, classes> count{};
    ~Lists() {
        for (Block* block : head)
            while (block != nullptr) ::operator delete(std::exchange(block, block->next));
    }
};
thread_local Lists lists;

std::size_t class_of(std::size_t size) { return (size + class_bytes - 1) / class_bytes - 1; }
} // namespace

void* FramePool::take(std::size_t size) {
    const std::size_t index = class_of(size);
    if (index >= classes) return ::operator new(size);
    if (Block* block = lists.head[index]) {
        lists.head[index] = block->next;
        --lists.count[index];
        return block;
    }
    return ::operator new((index + 1) * class_bytes);
}

void FramePool::give(void* memory, std::size_t size) noexcept {
    const std::size_t index = class_of(size);
    if (index >= classes || lists.count[index] >= kept_per_class) {
        ::operator delete(memory);
        return;
    }
    auto* block = static_cast<Block*>(memory);
    block->next = lists.head[index];
    lists.head[index] = block;
    ++lists.count[index];
}

} // namespace sallyport::net
