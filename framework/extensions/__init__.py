"""Extensions that Scrapy has under the same names; so far what is done to output files on their way to the disk.

Place in the flow: components named by settings, loaded by dotted path.
"""
