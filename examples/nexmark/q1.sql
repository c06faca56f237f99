select auction, bidder, price * 908 / 1000.0 as price, dateTime, extra from bid
