select auction, bidder, price, dateTime, value
from bid join side on auction % 10000 = key
