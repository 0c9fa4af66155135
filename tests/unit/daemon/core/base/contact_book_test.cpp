#include "daemon/core/base/contact_book.h"

#include <gtest/gtest.h>

namespace sov {

namespace {

NodeKey book_key(std::uint8_t number) { return NodeKey{{number}}; }
NodeId book_id(std::uint8_t number) { return NodeId{{number, 1}}; }

}  // namespace

TEST(ContactBook, knows_a_contact_for_as_long_as_somebody_holds_it) {
    ContactBook book;
    const ContactHandle handle = book.hold(book_key(1), book_id(1));
    EXPECT_EQ(book.hold(book_key(1), book_id(1)), handle);
    EXPECT_EQ(book.size(), 1U);
    book.drop(handle);
    ASSERT_NE(book.find(book_key(1)), nullptr);
    book.drop(handle);
    EXPECT_EQ(book.find(book_key(1)), nullptr);
    EXPECT_EQ(book.size(), 0U);
}

TEST(ContactBook, reuses_the_place_of_a_forgotten_contact_without_its_addresses) {
    ContactBook book;
    const ContactHandle first = book.hold(book_key(1), book_id(1));
    book.set_address(first, Endpoint::v4(0x01020304, 5));
    book.drop(first);
    const ContactHandle second = book.hold(book_key(2), book_id(2));
    EXPECT_EQ(second, first);
    EXPECT_EQ(book.at(second).id, book_id(2));
    EXPECT_FALSE(book.at(second).contact.has(Family::kIpv4));
    EXPECT_FALSE(book.at(second).contact.has(Family::kIpv6));
}

TEST(ContactBook, keeps_one_address_of_each_family) {
    ContactBook book;
    const ContactHandle handle = book.hold(book_key(1), book_id(1));
    const auto v6 = *Endpoint::parse("[2001:db8::1]:7");
    book.set_address(handle, Endpoint::v4(0x01020304, 5));
    book.set_address(handle, v6);
    book.set_address(handle, Endpoint::v4(0x01020304, 6));
    EXPECT_EQ(book.at(handle).contact.v4, Endpoint::v4(0x01020304, 6));
    EXPECT_EQ(book.at(handle).contact.v6, v6);
}

TEST(HeldContact, lets_go_exactly_once_however_it_is_moved) {
    ContactBook book;
    {
        HeldContact held(book, book.hold(book_key(1), book_id(1)));
        HeldContact moved(std::move(held));
        HeldContact other(book, book.hold(book_key(2), book_id(2)));
        other = std::move(moved);
        EXPECT_EQ(other.entry().id, book_id(1));
    }
    EXPECT_EQ(book.size(), 0U);
}

}  // namespace sov
