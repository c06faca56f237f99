-- What is behind https://www.nexmark.com/
with
one as (select *, substr(url, 25) as rest from bid),
two as (select *, substr(rest, 1, instr(rest, '/') - 1) as dir1, substr(rest, instr(rest, '/') + 1) as rest2 from one),
three as (select *, substr(rest2, 1, instr(rest2, '/') - 1) as dir2, substr(rest2, instr(rest2, '/') + 1) as rest3 from two)
select auction, bidder, price, channel, dir1, dir2, substr(rest3, 1, instr(rest3, '/') - 1) as dir3
from three
