"""Addresses of the pages of changes."""

from django.urls import URLPattern, URLResolver, path

from mailconsole.changes.views import acts, conflicts, detail, history, impact, lists, notices, times

app_name = "changes"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", lists.change_list, name="list"),
    path("list/<slug:name>/", lists.change_list, name="list-of"),
    path("notices/", notices.notices, name="notices"),
    path("notices/bell/", notices.bell, name="bell"),
    path("notices/read/", notices.read, name="notices-read"),
    path("notices/mail/", notices.mail, name="notices-mail"),
    path("history/", history.history, name="history"),
    path("revisions/<int:number>/", history.revision, name="revision"),
    path("revisions/<int:number>/yaml/", history.revision_yaml, name="revision-yaml"),
    path("revisions/<int:number>/restore/", acts.restore, name="restore"),
    path("<int:pk>/", detail.change_detail, name="detail"),
    path("<int:pk>/impact/", impact.change_impact, name="impact"),
    path("<int:pk>/impact/again/", impact.replay_again, name="impact-again"),
    path("<int:pk>/read/", notices.read_of_change, name="read"),
    path("<int:pk>/submit/", acts.submit, name="submit"),
    path("<int:pk>/approve/", acts.approve, name="approve"),
    path("<int:pk>/request-changes/", acts.give_back, name="request-changes"),
    path("<int:pk>/publish/", acts.publish, name="publish"),
    path("<int:pk>/publish-freely/", acts.publish_freely, name="publish-freely"),
    path("<int:pk>/publish-alone/", acts.publish_without_others, name="publish-alone"),
    path("<int:pk>/break-glass/", acts.break_glass, name="break-glass"),
    path("<int:pk>/review-afterwards/", acts.review_later, name="review-afterwards"),
    path("<int:pk>/schedule/", times.schedule, name="schedule"),
    path("<int:pk>/cancel-schedule/", times.unschedule, name="cancel-schedule"),
    path("<int:pk>/expire/", times.expire, name="expire"),
    path("<int:pk>/shorten/", times.shorten, name="shorten"),
    path("<int:pk>/prolong/", times.prolong, name="prolong"),
    path("<int:pk>/take-over/", acts.take_it_over, name="take-over"),
    path("<int:pk>/take-back/", acts.go_on, name="take-back"),
    path("<int:pk>/withdraw/", acts.withdraw, name="withdraw"),
    path("<int:pk>/comment/", acts.comment, name="comment"),
    path("<int:pk>/describe/", acts.describe, name="describe"),
    path("<int:pk>/words/", acts.save_words, name="save-words"),
    path("<int:pk>/discard-item/", acts.discard, name="discard-item"),
    path("<int:pk>/bring-up-to-date/", conflicts.update, name="bring-up-to-date"),
]
