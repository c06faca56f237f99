select distinct person.id, name, rfc3339(person.ms / 10000 * 10000) as starttime
from person join auction on seller = person.id and auction.ms / 10000 = person.ms / 10000
