-- In all windows: by which clock should sqlite go?
select bidder, count(*) as bid_count from bid group by bidder
